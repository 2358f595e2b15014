"""The saved models, which open in plain Keras where vaekit is not installed."""

from __future__ import annotations

import math
from pathlib import Path

import keras

from vaekit.atomic import write_whole
from vaekit.model import VAE
from vaekit.run.directory import FORMATS, RunDirectory
from vaekit.startup.quiet import absl_errors_only


def save_artifacts(vae: VAE, directory: RunDirectory) -> list[Path]:
    """Save encoder, decoder and the whole, each as `.h5` and as `.keras`; give their paths.

    Raises `NoRoomError` if there is no room; each file is then whole or not there.
    """
    models = {"VAE_encoder": vae.encoder, "VAE_decoder": vae.decoder, "VAE": vae.autoencoder}
    saved = {
        directory.artifact(name, ending): model
        for name, model in models.items()
        for ending in FORMATS
    }
    # Keras advises against HDF5, which is written on purpose beside `.keras`.
    with absl_errors_only(), directory.changing(*saved):
        for path, model in saved.items():
            write_whole(path, model.save, room=_bytes(model))
    return list(saved)


def _bytes(model: keras.Model) -> int:
    """Somewhat more than a saved model takes: its weights, the names of its layers, its config."""
    weights = sum(math.prod(w.shape) * 4 for w in model.weights)
    return weights + 4096 * len(model.weights) + 65_536


def custom_layers(model: keras.Model) -> list[str]:
    """Names of the layer classes in `model` that plain Keras doesn't have, sorted."""
    names: set[str] = set()
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            names.update(custom_layers(layer))
        elif type(layer).__module__.split(".")[0] != "keras":
            names.add(type(layer).__name__)
    return sorted(names)
