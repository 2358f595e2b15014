"""Checks that what is saved of a part opens again, and without vaekit."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np

from vaekit.run.artifacts import bare_operations, custom_layers
from vaekit.startup.quiet import absl_errors_only
from vaekit.testing.builds import called_in_training, claimed_models, inputs_for
from vaekit.testing.latent_values import latent_of
from vaekit.testing.plain_keras import open_models
from vaekit.testing.prior_values import prior_of
from vaekit.testing.subject import Subject
from vaekit.testing.training import array
from vaekit.testing.verdict import CheckSkipped, require, require_near

FORMATS = (".keras", ".h5")


class Saved(NamedTuple):
    """A model that a run would save of a part, and what it has to give once it's opened.

    what: which it is, for people. formats: those that it must be saved in.
    expected: its outputs, as `predict` gives them, without noise.
    """

    what: str
    model: keras.Model
    inputs: np.ndarray
    expected: list[np.ndarray]
    formats: tuple[str, ...] = FORMATS


def _of_backbone(subject: Subject) -> Iterator[Saved]:
    """The model at each size, after a call in training mode; the smallest first."""
    for _, built in claimed_models(subject):
        model = called_in_training(built)
        inputs = inputs_for(model)
        yield Saved("It", model, inputs, _outputs(model, inputs))


def _of_latent(subject: Subject) -> Iterator[Saved]:
    """The random encoder, which gives the point under `predict`, and the posterior."""
    latent = latent_of(subject)
    for what, model, settled in (
        ("Its draw", latent.draw, latent.point),
        ("Its point", latent.point, latent.point),
        ("Its posterior", latent.encoded, latent.encoded),
    ):
        expected = _outputs(settled, latent.features)
        yield Saved(what, model, latent.features, expected, _formats(model))


def _of_prior(subject: Subject) -> Iterator[Saved]:
    """From noise to z, where the prior is made of noise."""
    model = prior_of(subject).noise_model()
    if model is None:
        raise CheckSkipped("it isn't made of normal noise, so that nothing of it is saved")
    inputs = np.random.default_rng(1).standard_normal((5, *model.input_shape[1:]))
    inputs = inputs.astype("float32")
    yield Saved("Its `from_noise`", model, inputs, _outputs(model, inputs), _formats(model))


_SAVED: Mapping[str, Callable[[Subject], Iterator[Saved]]] = {
    "encoder": _of_backbone,
    "decoder": _of_backbone,
    "latent": _of_latent,
    "prior": _of_prior,
}


def _formats(model: keras.Model) -> tuple[str, ...]:
    return FORMATS[:1] if bare_operations(model) else FORMATS


def _outputs(model: keras.Model, inputs: np.ndarray) -> list[np.ndarray]:
    return [array(value) for value in keras.tree.flatten(model(inputs, training=False))]


def uses_stock_layers_only(subject: Subject) -> None:
    """All its layers are Keras's own, so that what is saved opens without the plugin."""
    for saved in _saved_models(subject):
        custom = custom_layers(saved.model)
        require(not custom, f"Plain Keras has no {', '.join(custom)}: build it from stock layers.")


def saves_and_reloads(subject: Subject) -> None:
    """Saved as .keras, and as .h5 where it's of layers alone, and loaded safely, it's the same."""
    with _written(_saved_models(subject)) as paths:
        for path, saved in paths.items():
            try:
                again = keras.saving.load_model(path, compile=False)
                outputs = _outputs(again, saved.inputs)
            except Exception as error:
                raise AssertionError(
                    f"{saved.what}, saved as {path.suffix}, doesn't load: {error}"
                ) from error
            _require_expected(outputs, saved, f"{saved.what}, saved as {path.suffix},")


def opens_in_a_fresh_process(subject: Subject) -> None:
    """Plain Keras in another process opens what was saved at each size, and gives the same."""
    every = list(_SAVED[subject.kind](subject))
    if any(custom_layers(saved.model) or _has_lambda(saved.model) for saved in every):
        raise CheckSkipped("it isn't of stock layers that load safely; other checks say so")
    with _written(every) as paths:
        pairs = []
        for path, saved in paths.items():
            pairs.append((path, path.with_suffix(path.suffix + ".inputs.npy")))
            np.save(pairs[-1][1], saved.inputs)
        package = subject.component.load().__module__.partition(".")[0]
        error = open_models(pairs, package)
        require(not error, f"A fresh process with plain Keras can't open it: {error}")
        for path, saved in paths.items():
            with np.load(f"{path}.npz") as outputs:
                gives = [outputs[name] for name in outputs.files]
            _require_expected(
                gives, saved, f"{saved.what}, opened from {path.suffix} in a fresh process,"
            )


def _saved_models(subject: Subject) -> list[Saved]:
    """What is saved of it; of a backbone the smallest alone."""
    every = _SAVED[subject.kind](subject)
    return [next(every)] if _SAVED[subject.kind] is _of_backbone else list(every)


def _require_expected(outputs: list[np.ndarray], saved: Saved, who: str) -> None:
    for output, expected in zip(outputs, saved.expected, strict=True):
        require_near(output, expected, f"{who} gives another output")


def _has_lambda(model: keras.Model) -> bool:
    return any(isinstance(layer, keras.layers.Lambda) for layer in model.layers)


@contextmanager
def _written(every: Sequence[Saved]) -> Iterator[dict[Path, Saved]]:
    """The models, saved in all of their formats, by path."""
    with tempfile.TemporaryDirectory() as folder, absl_errors_only():
        paths = {}
        for number, saved in enumerate(every):
            for ending in saved.formats:
                path = Path(folder) / f"model{number}{ending}"
                try:
                    saved.model.save(path)
                except Exception as error:
                    raise AssertionError(
                        f"{saved.what} can't be saved as {ending}: {error}"
                    ) from error
                paths[path] = saved
        yield paths
