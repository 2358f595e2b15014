"""Figures as files and as pixels, and runs that give what a test says."""

from __future__ import annotations

import io
from types import SimpleNamespace

import numpy as np
from PIL import Image

from vaekit.distributions import Posterior
from vaekit.figures import save_figure


def pixels_of(figure, folder):
    """What a figure's PNG holds, `(H, W, 3)`."""
    path = folder / "figure.png"
    save_figure(figure, path)
    with Image.open(io.BytesIO(path.read_bytes())) as image:
        return np.asarray(image.convert("RGB"))


def a_run(z_mean, rebuilt=None, classes=None):
    """What the figures ask of a run: its posterior's means, and what it decodes them to."""
    z_mean = np.asarray(z_mean, "float32")
    return SimpleNamespace(
        latent_dim=z_mean.shape[1],
        posterior=lambda pixels: Posterior(z_mean, np.zeros_like(z_mean)),
        decode=lambda z: rebuilt,
        record=SimpleNamespace(data=SimpleNamespace(class_names=classes)),
    )


def darker_than_white(shown):
    """The part of a picture, below its title, that holds everything that isn't white."""
    marked = (shown[44:] < 255).any(axis=-1)
    rows, columns = np.flatnonzero(marked.any(axis=1)), np.flatnonzero(marked.any(axis=0))
    return shown[44:][rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
