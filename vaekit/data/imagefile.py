"""PNG and JPEG files decoded, one after the other, into one array."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from vaekit.errors import DataError
from vaekit.untrusted.images import open_image

_GREY_MODES = ("1", "L")


class Canvas:
    """The array that image files are decoded into; it turns to colour with the first colour image.

    count: how many files there will be. size: (height, width) to stretch each to; None asks that
    all are alike. gray: one channel whatever comes.
    """

    def __init__(self, count: int, size: tuple[int, int] | None, gray: bool) -> None:
        self._count, self._size, self._gray = count, size, gray
        self._done = 0
        self._first: tuple[Path, tuple[int, int]] | None = None
        self.pixels = np.empty((0, 0, 0, 1), np.uint8)  # (count, H, W, 1 or 3) once one was added

    def add(self, path: Path) -> None:
        """Decode the next file.

        Raises `DataError` if it can't be decoded, or differs in size from the first.
        """
        image = _decode(path, self._size, self._gray)
        if self._first is None:
            self._first = path, image.shape[:2]
            self.pixels = np.empty((self._count, *image.shape), np.uint8)
        first, size = self._first
        if image.shape[:2] != size:
            raise DataError(
                f"The images differ in size: {first} has {_text(size)} pixels (height x width), "
                f"{path} {_text(image.shape)}. Give --image-size HxW, for instance "
                f"--image-size {_text(size)}."
            )
        if image.shape[2] > self.pixels.shape[3]:
            self.pixels = np.repeat(self.pixels, 3, axis=3)
        self.pixels[self._done] = image
        self._done += 1


def _text(size: tuple[int, ...]) -> str:
    return f"{size[0]}x{size[1]}"


def _decode(path: Path, size: tuple[int, int] | None, gray: bool) -> np.ndarray:
    """One image as uint8 `(H, W, 1 or 3)`: upright, without alpha, stretched to `size`."""
    from PIL import Image, ImageOps

    with open_image(path) as opened:
        image = _plain(ImageOps.exif_transpose(opened))
        if gray:
            image = image.convert("L")
        if size is not None:
            image = image.resize(size[::-1], Image.Resampling.BICUBIC)
        array = np.asarray(image)
    return array if array.ndim == 3 else array[..., np.newaxis]


def _plain(image: Any) -> Any:
    """Any of Pillow's modes as L or RGB.

    16-bit greys are scaled to 8 bits (Pillow's own conversion would clip them to white).
    Transparent images are laid on white, as viewers show them; what hides below is arbitrary.
    """
    from PIL import Image

    if image.mode.startswith("I"):
        deep = np.clip(np.asarray(image), 0, 65535).astype(np.uint32)
        image = Image.fromarray(((deep + 128) // 257).astype(np.uint8))
    grey = image.mode in (*_GREY_MODES, "LA", "La") or _grey_palette(image)
    if image.has_transparency_data:
        clear = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", clear.size, "white"), clear)
    return image.convert("L" if grey else "RGB")


def _grey_palette(image: Any) -> bool:
    """Whether every colour of a palette image is a grey."""
    if image.mode not in ("P", "PA"):
        return False
    colours = np.array(image.getpalette("RGB")).reshape(-1, 3)
    return bool((colours == colours[:, :1]).all())
