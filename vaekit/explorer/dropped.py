"""An image file that was dropped on the page: read under the kit's limits, encoded, decoded."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vaekit.data.fit import Fit, size_text
from vaekit.data.imagefile import Header
from vaekit.pixels import as_floats
from vaekit.run import Run
from vaekit.run.image_content import fit_of, read_image_content
from vaekit.types import Images

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


def take_file(run: Run, content: bytes, label: np.ndarray | None) -> Dropped:
    """What a run makes of the content of an image file.

    It comes to the run's size as other images of the run do; where those had it already, its centre
    is taken. label: its class, `(1,)`, in a run with a condition.

    Raises `DataError` for what can't be read as an image of the run.
    """
    pixels, header = read_image_content(run, content)
    images = run.prepared(Images(pixels[np.newaxis], label))
    z, code = run.latents(images), run.model.latent.code_name
    return Dropped(
        _note(header, fit_of(run), gray=run.image_shape[-1] == 1),
        z.ravel(),
        as_floats(images.pixels[:])[0],
        run.decode(z, label)[0],
        None if code is None else run.encoded(images)[code].ravel(),
    )


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
