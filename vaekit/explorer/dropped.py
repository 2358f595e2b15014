"""An image file that was dropped on the page: read under the kit's limits, encoded, decoded."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np

from vaekit.data import binarized
from vaekit.data.decode import decode, has_several, measure
from vaekit.data.fit import Fit, size_text
from vaekit.data.imagefile import Header
from vaekit.errors import DataError
from vaekit.pixels import as_floats
from vaekit.run import Run
from vaekit.types import Images
from vaekit.untrusted.images import ImageFileError, open_image

MOST_BYTES = 2**25  # of a file


class Dropped(NamedTuple):
    """What a run makes of an image file, float32.

    note: what was done to the image so that the run could take it, sentences; empty for nothing.
    z: flat. image: as the run took it, `(H, W, C)`. reconstruction: of that z. codes: those by
    which z is looked up, flat; None where the latent has none.
    """

    note: str
    z: np.ndarray
    image: np.ndarray
    reconstruction: np.ndarray
    codes: np.ndarray | None


def refusal_of_files(run: Run) -> str | None:
    """Why a run takes no image files, a sentence; None if it does."""
    channels = run.image_shape[-1]
    if channels in (1, 3):
        return None
    return f"Image files are grey or in colour, and this run's images have {channels} channels."


def take_file(run: Run, content: bytes, label: np.ndarray | None) -> Dropped:
    """What a run makes of the content of an image file.

    It comes to the run's size as other images of the run do; where those had it already, its centre
    is taken. label: its class, `(1,)`, in a run with a condition.

    Raises `DataError` for what can't be read as an image of the run.
    """
    refusal = refusal_of_files(run)
    if refusal is not None:
        raise DataError(refusal)
    height, width, channels = run.image_shape
    fit = Fit((height, width), run.config.resize or "cover")
    pixels, note = _read(content, fit, gray=channels == 1)
    pixels = np.broadcast_to(pixels, run.image_shape)[np.newaxis]
    images = binarized(Images(pixels, label), run.config.binarize, run.config.seed)
    z, code = run.latents(images), run.model.latent.code_name
    return Dropped(
        note,
        z.ravel(),
        as_floats(images.pixels[:])[0],
        run.decode(z, label)[0],
        None if code is None else run.encoded(images)[code].ravel(),
    )


def _read(content: bytes, fit: Fit, *, gray: bool) -> tuple[np.ndarray, str]:
    """Pixels `(H, W, 1 or 3)`, uint8, and the note."""
    with tempfile.TemporaryDirectory(prefix="vaekit-") as folder:
        path = Path(folder, "dropped")
        path.write_bytes(content)
        try:
            with open_image(path) as opened:
                header = Header(*measure(opened), has_several(opened))
                refusal = fit.refusal(*header.size)
                if refusal is not None:
                    raise ImageFileError(path, refusal)
                return decode(opened, fit, gray, path), _note(header, fit, gray=gray)
        except ImageFileError as error:  # its text names a file that nobody has heard of
            raise DataError(f"It can't be read as an image: {error.reason}.") from error


def _note(header: Header, fit: Fit, *, gray: bool) -> str:
    notes = []
    if header.size != fit.size:
        notes.append(
            f"The run works on {size_text(fit.size)}: such images are {fit.told([header.size])}."
        )
    if gray and header.channels == 3:
        notes.append("Its colours are made grey.")
    if header.several:
        notes.append("It holds several pictures, of which the first is taken.")
    return " ".join(notes)
