"""Checks that what is saved of a backbone opens again, and without vaekit."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import keras
import numpy as np

from vaekit.run.artifacts import custom_layers
from vaekit.startup.quiet import absl_errors_only
from vaekit.testing.builds import (
    called_in_training,
    claimed_models,
    inputs_for,
    smallest,
)
from vaekit.testing.plain_keras import open_models
from vaekit.testing.subject import Subject
from vaekit.testing.training import array
from vaekit.testing.verdict import CheckSkipped, require, require_near

FORMATS = (".keras", ".h5")


def uses_stock_layers_only(subject: Subject) -> None:
    """All its layers are Keras's own, so that what is saved opens without the plugin."""
    custom = custom_layers(smallest(subject))
    require(not custom, f"Plain Keras has no {', '.join(custom)}: build it from stock layers.")


def saves_and_reloads(subject: Subject) -> None:
    """Saved as .keras and as .h5 and loaded safely, it gives what it gave."""
    model = called_in_training(smallest(subject))
    inputs = inputs_for(model)
    expected = array(model(inputs, training=False))
    with _saved([model]) as paths:
        for path in paths:
            try:
                again = keras.saving.load_model(path, compile=False)
                output = array(again(inputs, training=False))
            except Exception as error:
                raise AssertionError(f"Saved as {path.suffix}, it doesn't load: {error}") from error
            require_near(output, expected, f"Saved as {path.suffix}, it gives another output")


def opens_in_a_fresh_process(subject: Subject) -> None:
    """Plain Keras in another process opens what was saved at each size, and gives the same."""
    models = [called_in_training(model) for _, model in claimed_models(subject)]
    if any(custom_layers(model) or _has_lambda(model) for model in models):
        raise CheckSkipped("it isn't of stock layers that load safely; other checks say so")
    with _saved(models) as paths:
        pairs, expected = [], []
        for number, path in enumerate(paths):
            model = models[number // len(FORMATS)]
            inputs = path.with_suffix(path.suffix + ".inputs.npy")
            np.save(inputs, inputs_for(model))
            pairs.append((path, inputs))
            expected.append(array(model(inputs_for(model), training=False)))
        package = subject.component.load().__module__.partition(".")[0]
        error = open_models(pairs, package)
        require(not error, f"A fresh process with plain Keras can't open it: {error}")
        for path, output in zip(paths, expected, strict=True):
            require_near(
                np.load(f"{path}.npy"),
                output,
                f"Opened from {path.suffix} in a fresh process, it gives another output",
            )


def _has_lambda(model: keras.Model) -> bool:
    return any(isinstance(layer, keras.layers.Lambda) for layer in model.layers)


@contextmanager
def _saved(models: Sequence[keras.Model]) -> Iterator[list[Path]]:
    """Paths of all formats of the first model, then of the second, and so on."""
    with tempfile.TemporaryDirectory() as folder, absl_errors_only():
        paths = []
        for number, model in enumerate(models):
            for ending in FORMATS:
                paths.append(Path(folder) / f"model{number}{ending}")
                try:
                    model.save(paths[-1])
                except Exception as error:
                    raise AssertionError(f"It can't be saved as {ending}: {error}") from error
        yield paths
