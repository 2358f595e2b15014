"""Figures as files and as pixels, and runs that give what a test says."""

from __future__ import annotations

import io
from types import SimpleNamespace

import numpy as np
from PIL import Image

from vaekit.distributions import Posterior
from vaekit.figures import save_figure
from vaekit.normal_latent import NormalLatent


def pixels_of(figure, folder):
    """What a figure's PNG holds, `(H, W, 3)`."""
    path = folder / "figure.png"
    save_figure(figure, path)
    with Image.open(io.BytesIO(path.read_bytes())) as image:
        return np.asarray(image.convert("RGB"))


def a_run(z, rebuilt=None, classes=None, *, latent=None, standard=True, name="z_mean"):
    """What the figures ask of a run: the z of its images, and what it reconstructs.

    standard: whether its prior is N(0, I). name: what z is called; a posterior of `z_mean` has a
    deviation of 1.
    """
    z = np.asarray(z, "float32")
    normal = name == "z_mean"
    model = SimpleNamespace(
        latent=latent or NormalLatent(2),
        latent_shape=z.shape[1:],
        has_standard_prior=standard,
        point_name=name,
        posterior_names=("z_mean", "z_log_var") if normal else (name,),
        condition=None,
    )
    return SimpleNamespace(
        model=model,
        latent_dim=z[0].size if len(z) else z.shape[1],
        latents=lambda images: z,
        posterior=lambda images: Posterior(z, np.zeros_like(z)),
        reconstruct=lambda images: rebuilt,
        record=SimpleNamespace(data=SimpleNamespace(class_names=classes)),
    )


def darker_than_white(shown):
    """The part of a picture, below its title, that holds everything that isn't white."""
    marked = (shown[44:] < 255).any(axis=-1)
    rows, columns = np.flatnonzero(marked.any(axis=1)), np.flatnonzero(marked.any(axis=0))
    return shown[44:][rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
