"""Images of a data set resized, or made grey."""

from __future__ import annotations

import numpy as np

from vaekit.data.pixels import SMALLEST
from vaekit.data.stored import changed
from vaekit.errors import DataError, OptionError
from vaekit.types import Dataset, Images

_LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R 601-2, as Pillow's mode L


def check_size(image_size: tuple[int, int] | None) -> None:
    """Raise `OptionError` unless `image_size` is None, or a height and a width of 8 or more."""
    if image_size is None:
        return
    if len(image_size) != 2 or any(int(n) != n or n < SMALLEST for n in image_size):
        raise OptionError(
            f"The image size is {image_size}; give height and width in pixels, {SMALLEST} or more."
        )


def transformed(dataset: Dataset, image_size: tuple[int, int] | None, gray: bool) -> Dataset:
    """The data set with images of this (height, width), and of one channel if `gray`.

    Images are stretched, not cropped. What is so already is left alone. Raises `DataError` where
    `gray` meets images of neither one nor three channels.
    """
    train = _images(dataset.train, image_size, gray, dataset.source)
    test = dataset.test and _images(dataset.test, image_size, gray, dataset.source)
    return dataset._replace(train=train, test=test)


def coloured(dataset: Dataset) -> Dataset:
    """The data set with grey images as colour images of the same greys; others are left alone."""
    train = _coloured(dataset.train)
    return dataset._replace(train=train, test=dataset.test and _coloured(dataset.test))


def _coloured(images: Images) -> Images:
    pixels = images.pixels
    height, width, channels = pixels.shape[1:]
    if channels != 1:
        return images
    whole = changed(pixels, lambda a: np.repeat(a, 3, axis=3), (height, width, 3), pixels.dtype)
    return images._replace(pixels=whole)


def _images(images: Images, size: tuple[int, int] | None, gray: bool, source: str) -> Images:
    pixels = images.pixels
    height, width, channels = pixels.shape[1:]
    if gray and channels != 1:
        if channels != 3:
            raise DataError(
                f"The images of {source} have {channels} channels: only red, green and blue can be "
                "made grey."
            )
        channels = 1
        pixels = changed(pixels, _gray, (height, width, channels), pixels.dtype)
    if size is not None and (height, width) != tuple(size):
        pixels = changed(pixels, lambda a: _resized(a, size), (*size, channels), pixels.dtype)
    return images._replace(pixels=pixels)


def _gray(pixels: np.ndarray) -> np.ndarray:
    grey = np.empty((*pixels.shape[:3], 1), pixels.dtype)
    for image, out in zip(pixels, grey, strict=True):
        luma = image @ _LUMA
        out[..., 0] = np.rint(luma) if pixels.dtype == np.uint8 else np.clip(luma, 0, 1)
    return grey


def _resized(pixels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Each channel resized by Pillow (bicubic, antialiased); float32 keeps its precision."""
    from PIL import Image

    height, width = size
    resized = np.empty((len(pixels), height, width, pixels.shape[3]), pixels.dtype)
    for image, out in zip(pixels, resized, strict=True):
        for channel in range(pixels.shape[3]):
            old = Image.fromarray(np.ascontiguousarray(image[..., channel]))
            out[..., channel] = old.resize((width, height), Image.Resampling.BICUBIC)
    # Bicubic interpolation overshoots; Pillow clips bytes itself.
    return np.clip(resized, 0, 1, out=resized) if resized.dtype == np.float32 else resized
