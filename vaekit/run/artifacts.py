"""The saved models, which open in plain Keras where vaekit is not installed."""

from __future__ import annotations

import math
from collections.abc import Mapping

import keras

from vaekit.atomic import write_whole
from vaekit.model import VAE, noise_dim, prior_model
from vaekit.run_directory.directory import DECODER, ENCODER, POSTERIOR, PRIOR, WHOLE, RunDirectory
from vaekit.startup.quiet import absl_errors_only


def save_artifacts(vae: VAE, directory: RunDirectory) -> dict[str, str]:
    """Save the models of a VAE, each as `.keras`, and the first three as `.h5` too.

    These are encoder, decoder and the whole; then the posterior's parameters by their names, and
    the prior from noise to z, where it isn't N(0, I).

    Gives the files that are left out, with the reason of each: HDF5 has no place for operations
    that are no layers, and not every prior can be made of noise.

    Raises `NoRoomError` if there is no room; each file is then whole or not there.
    """
    models: dict[str, keras.Model] = {}
    left_out: dict[str, str] = {}
    for name, model in ((ENCODER, vae.encoder), (DECODER, vae.decoder), (WHOLE, vae.autoencoder)):
        models[f"{name}.keras"] = model
        operations = bare_operations(model)
        if operations:
            more = " and others" if len(operations) > 4 else ""
            left_out[f"{name}.h5"] = (
                "HDF5 holds layers alone, and the model has operations: "
                f"{', '.join(operations[:4])}{more}"
            )
        else:
            models[f"{name}.h5"] = model
    models[f"{POSTERIOR}.keras"] = _by_name(vae.posterior, vae.posterior_names)
    if vae.prior_distribution() is not None and not vae.has_standard_prior:
        if noise_dim(vae) is None:
            left_out[f"{PRIOR}.keras"] = "draws of this prior can't be made of normal noise"
        else:
            models[f"{PRIOR}.keras"] = prior_model(vae)
    _save(models, directory)
    return left_out


def _save(models: Mapping[str, keras.Model], directory: RunDirectory) -> None:
    paths = {directory.path / name: model for name, model in models.items()}
    # Keras advises against HDF5, which is written on purpose beside `.keras`.
    with absl_errors_only(), directory.changing(*paths):
        for path, model in paths.items():
            write_whole(path, model.save, room=_bytes(model))


def _by_name(model: keras.Model, names: tuple[str, ...]) -> keras.Model:
    """A model whose outputs are a dict."""
    outputs = dict(zip(names, model.outputs, strict=True))
    return keras.Model(model.input, outputs, name=model.name)


def _bytes(model: keras.Model) -> int:
    """Somewhat more than a saved model takes: its weights, the names of its layers, its config."""
    weights = sum(math.prod(w.shape) * 4 for w in model.weights)
    return weights + 4096 * len(model.weights) + 65_536


def bare_operations(model: keras.Model) -> list[str]:
    """Names of the operations in `model` that are no layers, sorted: HDF5 has no place for them."""
    names: set[str] = set()
    for operation in getattr(model, "operations", model.layers):  # a Sequential has layers alone
        if isinstance(operation, keras.Model):
            names.update(bare_operations(operation))
        elif not isinstance(operation, keras.Layer):
            names.add(type(operation).__name__)
    return sorted(names)


def custom_layers(model: keras.Model) -> list[str]:
    """Names of the layer classes in `model` that plain Keras doesn't have, sorted."""
    names: set[str] = set()
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            names.update(custom_layers(layer))
        elif type(layer).__module__.split(".")[0] != "keras":
            names.add(type(layer).__name__)
    return sorted(names)
