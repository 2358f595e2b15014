"""Real values of what parts take, by which each is held against Keras."""

from __future__ import annotations

import numpy as np

from vaekit.pixels import as_floats
from vaekit.run import Run
from vaekit.types import Images


def image_inputs(run: Run, images: Images) -> dict[str, np.ndarray]:
    """`images` as float32 in [0, 1], and `labels` where the run takes them."""
    return {"images": as_floats(np.asarray(images.pixels[:])), **label_inputs(run, images)}


def label_inputs(run: Run, images: Images) -> dict[str, np.ndarray]:
    """`labels` `(N, 1)` of a run that takes them; of another nothing."""
    if not run.takes_labels:
        return {}
    return {"labels": np.asarray(images.labels, "int32")[:, None]}


def chooses_codes(run: Run) -> bool:
    """Whether rounding may bring an image to another code."""
    latent = run.model.latent
    return latent.support == "codes" or latent.code_name is not None
