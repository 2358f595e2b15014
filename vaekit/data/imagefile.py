"""Image files decoded, one after the other into one array, or as they are needed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from vaekit.errors import DataError
from vaekit.untrusted.images import open_header, open_image

_GREY_MODES = ("1", "L", "LA", "La")
_ORIENTATION, _TURNED = 0x0112, (5, 6, 7, 8)  # of EXIF; by 90 degrees


class Canvas:
    """The array that image files are decoded into; it turns to colour with the first colour image.

    count: how many files there will be. size: (height, width) to stretch each to; None asks that
    all are alike. gray: one channel whatever comes.
    """

    def __init__(self, count: int, size: tuple[int, int] | None, gray: bool) -> None:
        self._count, self._size, self._gray = count, size, gray
        self._done = 0
        self._first: tuple[Path, tuple[int, int]] | None = None
        self.animated: list[Path] = []  # of several pictures, of which the first is taken
        self.pixels = np.empty((0, 0, 0, 1), np.uint8)  # (count, H, W, 1 or 3) once one was added

    def add(self, path: Path) -> None:
        """Decode the next file.

        Raises `DataError` if it can't be decoded, or differs in size from the first.
        """
        with open_image(path) as opened:
            image = _pixels(opened, self._size, self._gray)
            if getattr(opened, "is_animated", False):
                self.animated.append(path)
        if self._first is None:
            self._first = path, image.shape[:2]
            self.pixels = np.empty((self._count, *image.shape), np.uint8)
        first, size = self._first
        if image.shape[:2] != size:
            raise _differ(first, size, path, image.shape)
        if image.shape[2] > self.pixels.shape[3]:
            self.pixels = np.repeat(self.pixels, 3, axis=3)
        self.pixels[self._done] = image
        self._done += 1


class FileRows:
    """Image files decoded whenever they are read; see `vaekit.data.stored.Rows`.

    size, gray: as for `Canvas`. The headers of all files are read at once, for sizes and colours.

    Raises `DataError` if a header can't be read, or if the images differ in size.
    """

    def __init__(self, paths: Sequence[Path], size: tuple[int, int] | None, gray: bool) -> None:
        self._paths, self._size, self._gray = paths, size, gray
        shapes = (measure(path, size, gray) for path in paths)
        height, width, channels = next(shapes)
        for path, shape in zip(paths[1:], shapes, strict=True):
            if shape[:2] != (height, width):
                raise _differ(paths[0], (height, width), path, shape)
            channels = max(channels, shape[2])
        self.shape: tuple[int, ...] = (len(paths), height, width, channels)
        self.dtype: np.dtype[Any] = np.dtype(np.uint8)
        self.together = 1

    def read(self, indices: np.ndarray) -> np.ndarray:
        """Decode each."""
        pixels = np.empty((len(indices), *self.shape[1:]), np.uint8)
        for out, index in zip(pixels, indices.tolist(), strict=True):
            with open_image(self._paths[index]) as opened:
                image = _pixels(opened, self._size, self._gray)
            if image.shape[:2] != out.shape[:2]:
                raise _differ(self._paths[0], self.shape[1:], self._paths[index], image.shape)
            out[:] = image  # of one channel or of as many
        return pixels


def measure(path: Path, size: tuple[int, int] | None, gray: bool) -> tuple[int, int, int]:
    """Height, width and channels of an image, from its header where that tells."""
    with open_header(path) as image:
        # A PNG may tell how to turn it after its pixels: so it isn't looked for there.
        turned = "exif" in image.info and _orientation(image) in _TURNED
        height, width = size or (image.size if turned else image.size[::-1])
        return height, width, 1 if gray or _is_grey(image) else 3


def is_animated(path: Path) -> bool:
    """Whether a file holds several pictures, of which the first is taken."""
    with open_header(path) as image:
        return bool(getattr(image, "is_animated", False))


def _differ(first: Path, size: tuple[int, ...], path: Path, other: tuple[int, ...]) -> DataError:
    return DataError(
        f"The images differ in size: {first} has {_text(size)} pixels (height x width), {path} "
        f"{_text(other)}. Give --image-size HxW, for instance --image-size {_text(size)}."
    )


def _text(size: tuple[int, ...]) -> str:
    return f"{size[0]}x{size[1]}"


def _pixels(opened: Any, size: tuple[int, int] | None, gray: bool) -> np.ndarray:
    """An image as uint8 `(H, W, 1 or 3)`: upright, without alpha, stretched to `size`."""
    from PIL import Image

    image = _plain(_upright(opened))
    if gray:
        image = image.convert("L")
    if size is not None:
        image = image.resize(size[::-1], Image.Resampling.BICUBIC)
    array = np.asarray(image)
    return array if array.ndim == 3 else array[..., np.newaxis]


def _orientation(image: Any) -> int:
    """How EXIF says that an image is to be turned; 1, upright, where it is broken or silent."""
    try:
        value = image.getexif().get(_ORIENTATION, 1)
    except Exception:  # whatever a damaged block makes Pillow raise
        return 1
    return value if value in range(1, 9) else 1


def _upright(image: Any) -> Any:
    from PIL import Image

    turn = Image.Transpose
    turns = {
        2: turn.FLIP_LEFT_RIGHT,
        3: turn.ROTATE_180,
        4: turn.FLIP_TOP_BOTTOM,
        5: turn.TRANSPOSE,
        6: turn.ROTATE_270,
        7: turn.TRANSVERSE,
        8: turn.ROTATE_90,
    }.get(_orientation(image))
    return image if turns is None else image.transpose(turns)


def _plain(image: Any) -> Any:
    """Any of Pillow's modes as L or RGB.

    16-bit greys are scaled to 8 bits (Pillow's own conversion would clip them to white).
    Transparent images are laid on white, as viewers show them; what hides below is arbitrary.

    Raises `ValueError` for pixels that have no scale of their own, floats and 32-bit numbers.
    """
    from PIL import Image

    if image.mode == "F" or (image.mode == "I" and np.asarray(image).max(initial=0) > 65535):
        raise ValueError("its pixels are floats or 32-bit numbers, whose white is unknown")
    grey = _is_grey(image)
    if image.mode.startswith("I"):
        deep = np.clip(np.asarray(image), 0, 65535).astype(np.uint32)
        clear = deep == image.info.get("transparency", -1)
        return Image.fromarray(np.where(clear, 255, (deep + 128) // 257).astype(np.uint8))
    if image.has_transparency_data:
        layers = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", layers.size, "white"), layers)
    return image.convert("L" if grey else "RGB")


def _is_grey(image: Any) -> bool:
    """Whether an image has no colours, or a palette of nothing but greys."""
    if image.mode not in ("P", "PA"):
        return image.mode in _GREY_MODES or image.mode.startswith("I")
    colours = np.array(image.getpalette("RGB")).reshape(-1, 3)
    return bool((colours == colours[:, :1]).all())
