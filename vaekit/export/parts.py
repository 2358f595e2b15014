"""What can be exported of a run, by name: a function each, from the run and real images."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from vaekit.export.inputs import chooses_codes, image_inputs, label_inputs
from vaekit.export.part import AbsentPartError, Measure, Part
from vaekit.export.sampled import sampled_autoencoder
from vaekit.export.scorers import SCORERS, calibrated_scorers
from vaekit.run import Run
from vaekit.types import Images


def encoder(run: Run, images: Images) -> Part:
    """Images -> `z`, the z that stands for each: of the default latent, the mean."""
    vae = run.model
    return Part(
        vae.point,
        image_inputs(run, images),
        {"z": Measure.VALUES},
        chooses=chooses_codes(run),
        about={"z_is": vae.point_name, "support": vae.latent.support},
    )


def posterior(run: Run, images: Images) -> Part:
    """Images -> what the latent tells of each, by its own names: `z_mean`, `z_log_var`, `code`."""
    vae = run.model
    outputs = dict.fromkeys(vae.posterior_names, Measure.VALUES)
    return Part(vae.posterior, image_inputs(run, images), outputs, chooses=chooses_codes(run))


def decoder(run: Run, images: Images) -> Part:
    """`z` `(N, *latent_shape)` -> `images`, as means."""
    values = {"z": run.latents(images), **label_inputs(run, images)}
    return Part(run.model.decoder, values, {"images": Measure.PIXELS})


def whole(run: Run, images: Images) -> Part:
    """Images and `noise` -> `reconstruction`, by the z that the noise draws."""
    sampled = sampled_autoencoder(run.model)
    values = image_inputs(run, images)
    about: dict[str, Any] = {"noise": None}
    if sampled.noise_shape is not None:
        shape = (len(images.pixels), *sampled.noise_shape)
        values["noise"] = np.random.default_rng(0).standard_normal(shape).astype("float32")
        about = {
            "noise": {
                "law": "standard normal, independent values",
                "of_zeros": "the reconstruction of the z that stands for the image",
            }
        }
    outputs = {"reconstruction": Measure.PIXELS}
    return Part(sampled.model, values, outputs, chooses=chooses_codes(run), about=about)


PARTS: dict[str, Callable[[Run, Images], Part]] = {
    "encoder": encoder,
    "posterior": posterior,
    "decoder": decoder,
    "vae": whole,
    **SCORERS,
}
ALL = "all"


def chosen_parts(run: Run, name: str, images: Images) -> tuple[dict[str, Part], dict[str, str]]:
    """The parts that a name stands for, `all` for every one that the run has.

    images: real ones, with labels in a run that takes them. Gives the parts by name, and why those
    that are left out of `all` are; of scores that the run isn't calibrated for nothing is said.

    Raises `AbsentPartError` for one that the run doesn't have.
    """
    if name in PARTS:
        return {name: PARTS[name](run, images)}, {}
    parts: dict[str, Part] = {}
    left_out: dict[str, str] = {}
    calibrated = calibrated_scorers(run)
    for each in [name for name in PARTS if name not in SCORERS or name in calibrated]:
        try:
            parts[each] = PARTS[each](run, images)
        except AbsentPartError as error:
            left_out[each] = str(error)
    return parts, left_out
