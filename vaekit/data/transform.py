"""Images of a data set resized, or made grey."""

from __future__ import annotations

import numpy as np

from vaekit.data.fit import Fit
from vaekit.data.read_options import ReadOptions
from vaekit.data.stored import changed
from vaekit.errors import DataError
from vaekit.types import Dataset, Images

_LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R 601-2, as Pillow's mode L


def transformed(dataset: Dataset, asked: ReadOptions) -> Dataset:
    """The data set with images of the size asked for, and of one channel if `gray` is.

    Arrays are stretched unless something else is asked for; what is so already is left alone.
    Raises `DataError` where a crop would be larger than the images, and where `gray` meets images
    of neither one nor three channels.
    """
    fit, source = asked.fit_for("stretch"), dataset.source
    parts = [part for part in (dataset.train, dataset.test) if part is not None]
    sizes = [(part.pixels.shape[1], part.pixels.shape[2]) for part in parts]
    for size in sizes:
        refusal = None if fit is None else fit.refusal(*size)
        if refusal is not None:
            raise DataError(f"The images of {source} can't be cropped so: {refusal}.")
    train, *test = [_images(part, fit, asked.gray, source) for part in parts]
    resized = dataset.resized or (fit.told(sizes) if fit is not None else "")
    return dataset._replace(train=train, test=test[0] if test else None, resized=resized)


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


def _images(images: Images, fit: Fit | None, gray: bool, source: str) -> Images:
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
    if fit is not None and (height, width) != fit.size:
        pixels = changed(pixels, lambda a: _fitted(a, fit), (*fit.size, channels), pixels.dtype)
    return images._replace(pixels=pixels)


def _gray(pixels: np.ndarray) -> np.ndarray:
    grey = np.empty((*pixels.shape[:3], 1), pixels.dtype)
    for image, out in zip(pixels, grey, strict=True):
        luma = image @ _LUMA
        out[..., 0] = np.rint(luma) if pixels.dtype == np.uint8 else np.clip(luma, 0, 1)
    return grey


def _fitted(pixels: np.ndarray, fit: Fit) -> np.ndarray:
    """Each channel fitted by Pillow; float32 keeps its precision."""
    from PIL import Image

    fitted = np.empty((len(pixels), *fit.size, pixels.shape[3]), pixels.dtype)
    for image, out in zip(pixels, fitted, strict=True):
        for channel in range(pixels.shape[3]):
            old = Image.fromarray(np.ascontiguousarray(image[..., channel]))
            out[..., channel] = fit.image(old)
    # Bicubic interpolation overshoots; Pillow clips bytes itself.
    return np.clip(fitted, 0, 1, out=fitted) if fitted.dtype == np.float32 else fitted
