"""An opened image as an array: upright, at its own depth, without alpha, of the size asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from vaekit.data.fit import Fit
from vaekit.untrusted.images import ImageFileError

_GREY_MODES = ("1", "L", "LA", "La")
_ORIENTATION = 0x0112  # of EXIF
_TURNED = (5, 6, 7, 8)  # by 90 degrees
_BITS_PER_SAMPLE = 258  # of TIFF


def decode(image: Any, fit: Fit | None, gray: bool, path: Path) -> np.ndarray:
    """An opened image as uint8 `(H, W, 1 or 3)`: upright, without alpha, brought to the size asked.

    Raises `ImageFileError`, which names `path`, for numbers of which nothing says what is white.
    """
    orientation = _orientation(image)
    _mend_transparency(image)
    image.load()
    upright = _plain(image, path)
    if orientation in _transposes():
        upright = upright.transpose(_transposes()[orientation])
    if gray:
        upright = upright.convert("L")
    if fit is not None:
        upright = fit.image(upright)
    array = np.asarray(upright)
    return array if array.ndim == 3 else array[..., np.newaxis]


def measure(image: Any) -> tuple[int, int, int]:
    """Height, width and channels of what is decoded without being fitted, from the header."""
    height, width = image.size if _orientation(image) in _TURNED else image.size[::-1]
    return height, width, 1 if _is_grey(image) else 3


def has_several(image: Any) -> bool:
    """Whether a file holds several pictures: pages, or the frames of an animation."""
    return bool(getattr(image, "is_animated", False))


def _orientation(image: Any) -> int:
    """How EXIF says that the image lies, if it says so before the pixels; 1 is upright.

    So it is where EXIF is damaged: the pixels are whole.
    """
    from PIL import Image

    if image.format == "TIFF":  # which Pillow turns as it decodes
        return 1
    try:
        # PNG's own method would decode the image, to look behind the pixels too.
        return int(Image.Image.getexif(image).get(_ORIENTATION, 1))
    except Exception:  # whatever malformed bytes make of it
        return 1


def _transposes() -> dict[int, Any]:
    """What brings an image of each orientation upright."""
    from PIL.Image import Transpose

    return {
        2: Transpose.FLIP_LEFT_RIGHT,
        3: Transpose.ROTATE_180,
        4: Transpose.FLIP_TOP_BOTTOM,
        5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270,
        7: Transpose.TRANSVERSE,
        8: Transpose.ROTATE_90,
    }


def _mend_transparency(image: Any) -> None:
    """Bring the transparent grey or colour of a PNG to the depth that its pixels are decoded to.

    The file has it at the depth of its samples, and so has Pillow, but it decodes 2 and 4 bits of
    grey, and 16 of colour, to 8.
    """
    if image.format != "PNG" or not image.tile:
        return
    raw, clear = image.tile[0].args, image.info.get("transparency")
    if isinstance(clear, int) and raw in ("L;2", "L;4"):
        image.info["transparency"] = clear * {"L;2": 85, "L;4": 17}[raw]
    elif isinstance(clear, tuple) and raw == "RGB;16B":
        image.info["transparency"] = tuple(value >> 8 for value in clear)


def _plain(image: Any, path: Path) -> Any:
    """Any of Pillow's modes as L or RGB.

    Transparent images are laid on white, as viewers show them; what hides below is arbitrary.
    """
    from PIL import Image

    if image.mode.startswith("I;16") or (image.format, image.mode) == ("PPM", "I"):
        return _from_deep_grey(image)
    if image.mode in ("F", "I"):
        numbers = "floats" if image.mode == "F" else "32-bit numbers"
        raise ImageFileError(
            path,
            f"it has {numbers} for pixels, and doesn't say which is white",
            "Save it with 8 or 16 bits, or as an array.",
        )
    grey = _is_grey(image)
    if image.has_transparency_data:
        clear = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", clear.size, "white"), clear)
    return image.convert("L" if grey else "RGB")


def _from_deep_grey(image: Any) -> Any:
    """Greys of 9 to 16 bits as 8; Pillow's own conversion would clip them to white."""
    from PIL import Image

    bits = getattr(image, "tag_v2", {}).get(_BITS_PER_SAMPLE, (16,))[0]
    white = 2**bits - 1
    deep = np.asarray(image).astype(np.uint32)
    grey = ((np.minimum(deep, white) * 255 + white // 2) // white).astype(np.uint8)
    clear = image.info.get("transparency")
    if isinstance(clear, int):
        grey[deep == clear] = 255
    return Image.fromarray(grey)


def _is_grey(image: Any) -> bool:
    """Whether an image has no colours, or a palette of nothing but greys."""
    if image.mode not in ("P", "PA"):
        return image.mode in _GREY_MODES or image.mode.startswith("I")
    colours = np.array(image.getpalette("RGB")).reshape(-1, 3)
    return bool((colours == colours[:, :1]).all())
