"""The content of an image file, as an image of a run."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from vaekit.data.decode import decode, has_several, measure
from vaekit.data.fit import Fit
from vaekit.data.imagefile import Header
from vaekit.errors import DataError
from vaekit.run.run import Run
from vaekit.untrusted.images import MOST_PIXELS, ImageFileError, open_content

_NAME = Path("image")  # what it is called where its name is never told


def refusal_of_image_files(run: Run) -> str | None:
    """Why a run takes no image files, a sentence; None if it does."""
    channels = run.image_shape[-1]
    if channels in (1, 3):
        return None
    return f"Image files are grey or in colour, and this run's images have {channels} channels."


def fit_of(run: Run) -> Fit:
    """How an image comes to the run's size: as its own did, or by its centre."""
    height, width, _ = run.image_shape
    return Fit((height, width), run.config.resize or "cover")


def read_image_content(
    run: Run, content: bytes, most_pixels: int = MOST_PIXELS
) -> tuple[np.ndarray, Header]:
    """Pixels `(H, W, C)` of the run's shape, uint8, and what the file said of itself.

    most_pixels: that it may declare.

    Raises `DataError` for what can't be read as an image of the run.
    """
    refusal = refusal_of_image_files(run)
    if refusal is not None:
        raise DataError(refusal)
    fit = fit_of(run)
    try:
        with open_content(content, _NAME) as opened:
            header = Header(*measure(opened), has_several(opened))
            refusal = fit.refusal(*header.size)
            if refusal is not None:
                raise ImageFileError(_NAME, refusal)
            if header.height * header.width > most_pixels:
                raise ImageFileError(
                    _NAME, f"it declares more than {most_pixels} pixels, the most here"
                )
            pixels = decode(opened, fit, run.image_shape[-1] == 1, _NAME)
    except ImageFileError as error:  # its text names a file that nobody has heard of
        raise DataError(f"It can't be read as an image: {error.reason}.") from error
    return np.broadcast_to(pixels, run.image_shape), header
