"""Checks that encoders and decoders have in common."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras
import numpy as np

from vaekit.errors import BuildError
from vaekit.run.artifacts import custom_layers, without_advice
from vaekit.testing.subject import CheckSkipped, Subject
from vaekit.testing.training import array, program_with, some_images, train
from vaekit.types import ImageShape

FORMATS = (".keras", ".h5")
_NEAR: Any = {"rtol": 1e-4, "atol": 1e-5}

# Run without vaekit: only Keras may be needed to open what was saved.
_FRESH = """
import sys
import keras, numpy
images = numpy.load(sys.argv[1])
for path in sys.argv[2:]:
    model = keras.saving.load_model(path, compile=False)
    numpy.save(path + ".npy", keras.ops.convert_to_numpy(model(images, training=False)))
assert "vaekit" not in sys.modules
"""


def given_for(subject: Subject, latents: int, shape: ImageShape) -> tuple[Any, ...]:
    """What the kit passes to the factory."""
    return (shape,) if subject.kind == "encoder" else (latents, shape)


def grid(subject: Subject) -> list[tuple[Any, ...]]:
    """What to build the subject with: each image it claims, and each number of latents."""
    claims = subject.claims
    pairs = [(claims.latents[0], shape) for shape in claims.shapes]
    pairs += [(count, claims.least) for count in claims.latents]
    return list(dict.fromkeys(given_for(subject, *pair) for pair in pairs))


def built(subject: Subject, seed: int = 0) -> keras.Model:
    """The subject for its smallest image."""
    return subject.make(*grid(subject)[0], seed=seed)


def inputs_for(model: keras.Model, count: int = 5) -> np.ndarray:
    """A batch of random inputs of a model."""
    return some_images(count, tuple(model.inputs[0].shape[1:]))


def builds_where_it_claims(subject: Subject) -> None:
    """It builds a functional model of one input and one output, wherever it claims to."""
    for given in grid(subject):
        try:
            model = subject.make(*given)
        except Exception as error:
            raise AssertionError(
                f"It claims to build with {given}; there it raises {type(error).__name__}: {error}"
            ) from error
        assert isinstance(model, keras.Model), f"It gives a {type(model).__name__}, not a model."
        ends = (getattr(model, "inputs", None), getattr(model, "outputs", None))
        assert all(end and len(end) == 1 for end in ends), "It isn't one input to one output."
        wanted = given[0] if subject.kind == "encoder" else given[:1]
        taken = tuple(model.inputs[0].shape[1:])
        assert taken == wanted, f"With {given}, it takes {taken} where {wanted} is needed."


def refuses_what_it_does_not_claim(subject: Subject) -> None:
    """Elsewhere it raises `vaekit.BuildError`: a sentence with its name and what it refuses."""
    refused = [given_for(subject, *pair) for pair in subject.claims.refused]
    if subject.kind == "encoder":  # its factory never hears of latents
        refused = [given for given in refused if not subject.claims.takes(given[0])]
    if not refused:
        raise CheckSkipped("it claims to take everything")
    for given in refused:
        try:
            subject.make(*given)
        except BuildError as error:
            _is_sentence(str(error), subject.name, given)
        except Exception as error:
            raise AssertionError(
                f"Given {given}, which it doesn't claim to take, it raises "
                f"{type(error).__name__}: {error}. Raise vaekit.BuildError with a sentence."
            ) from error
        else:
            raise AssertionError(
                f"It builds with {given}, which it doesn't claim to take: claim it or refuse it."
            )


def _is_sentence(text: str, name: str, given: tuple[Any, ...]) -> None:
    *latents, shape = given
    shown = (
        "x".join(map(str, shape)),
        "x".join(map(str, shape[:2])),
        str(shape),
        *map(str, latents),
    )
    assert name in text, f"Refusing {given}, it doesn't say its name: {text}"
    assert any(s in text for s in shown), f"Refusing {given}, it doesn't say what: {text}"
    whole = text.endswith((".", "!", "?")) and "\n" not in text
    assert whole, f"Refusing {given}, it gives no whole sentence: {text}"


def gives_the_declared_shape(subject: Subject) -> None:
    """What it gives is float32, of the shape that it declares; a decoder's is the image's."""
    for given in grid(subject):
        try:
            model = subject.make(*given)
        except Exception:
            if given == grid(subject)[0]:
                raise
            continue  # that it has to build is for another check to say
        declared = tuple(model.outputs[0].shape[1:])
        assert None not in declared, f"With {given}, it gives features of unknown size {declared}."
        if subject.kind == "decoder":
            assert declared == given[1], f"With {given}, it gives {declared}."
    output = model(inputs_for(model, 3), training=False)
    assert tuple(output.shape) == (3, *declared), (
        f"It declares {declared}, and gives {output.shape}."
    )
    dtype = keras.backend.standardize_dtype(output.dtype)
    assert dtype == "float32", f"It gives {dtype}, not float32."


def seed_decides_its_weights(subject: Subject) -> None:
    """One seed gives the same weights twice; another gives others."""
    first, again, other = (weights(built(subject, seed)) for seed in (0, 0, 1))
    if not first:
        raise CheckSkipped("it has no weights")
    same = all(map(np.array_equal, first, again))
    assert same, "Built twice under one seed, its weights differ."
    assert not all(map(np.array_equal, first, other)), "Two seeds give the same weights."


def gradients_reach_every_weight(subject: Subject) -> None:
    """Each trainable weight moves when it's trained, and stays finite."""
    program = program_with(subject, rate=1e-3, at_rest=True)
    # The VAE's models have the backbone's layers themselves, in other models.
    side = program.vae.posterior if subject.kind == "encoder" else program.vae.decoder
    heads = ("encoder_mu", "encoder_log_variance")
    own = [
        variable
        for layer in side.layers
        if layer.name not in heads
        for variable in layer.trainable_variables
    ]
    before = [array(variable) for variable in own]
    train(program, 3)
    after = [array(variable) for variable in own]
    wild = [v.path for v, a in zip(own, after, strict=True) if not np.isfinite(a).all()]
    assert not wild, f"After three training steps these weights are not finite: {', '.join(wild)}."
    still = [v.path for v, b, a in zip(own, before, after, strict=True) if np.array_equal(a, b)]
    assert not still, f"No gradient reaches these weights: {', '.join(still)}."


def batch_size_changes_nothing(subject: Subject) -> None:
    """At inference, an image alone gives what it gives among others."""
    model = built(subject)
    inputs = inputs_for(model)
    inputs[1:] *= 3.0  # what normalises over the batch shows
    whole = array(model(inputs, training=False))
    alone = np.concatenate([array(model(row[None], training=False)) for row in inputs])
    np.testing.assert_allclose(
        alone, whole, err_msg="At inference, its output depends on the rest of the batch.", **_NEAR
    )


def saves_and_reloads(subject: Subject) -> None:
    """Saved as .keras and as .h5 and loaded safely, it gives what it gave."""
    model = built(subject)
    inputs = inputs_for(model)
    expected = array(model(inputs, training=False))
    with _saved(model) as paths:
        for path in paths:
            try:
                again = keras.saving.load_model(path, compile=False)
                output = array(again(inputs, training=False))
            except Exception as error:
                raise AssertionError(f"Saved as {path.suffix}, it doesn't load: {error}") from error
            np.testing.assert_allclose(
                output,
                expected,
                err_msg=f"Saved as {path.suffix}, it gives another output.",
                **_NEAR,
            )


def uses_stock_layers_only(subject: Subject) -> None:
    """All its layers are Keras's own, so that what is saved opens without the plugin."""
    custom = custom_layers(built(subject))
    assert not custom, f"Plain Keras has no {', '.join(custom)}: build it from stock layers."


def opens_in_a_fresh_process(subject: Subject) -> None:
    """Plain Keras in a new process opens what was saved, and gives the same."""
    model = built(subject)
    kinds = {type(layer) for layer in model.layers}
    if custom_layers(model) or keras.layers.Lambda in kinds:
        raise CheckSkipped("it isn't of stock layers that load safely; other checks say so")
    inputs = inputs_for(model)
    expected = array(model(inputs, training=False))
    with _saved(model) as paths:
        np.save(paths[0].parent / "inputs.npy", inputs)
        command = [sys.executable, "-c", _FRESH, str(paths[0].parent / "inputs.npy")]
        done = subprocess.run(
            [*command, *map(str, paths)],
            capture_output=True,
            text=True,
            check=False,
            cwd=paths[0].parent,
        )
        said = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        assert done.returncode == 0, f"A fresh process with plain Keras can't open it: {said}"
        for path in paths:
            np.testing.assert_allclose(
                np.load(f"{path}.npy"),
                expected,
                err_msg=f"Opened from {path.suffix} in a fresh process, it gives another output.",
                **_NEAR,
            )


def shares_no_state(subject: Subject) -> None:
    """Two instances have no weight in common."""
    first, second = built(subject), built(subject)
    common = {id(v) for v in first.variables} & {id(v) for v in second.variables}
    paths = ", ".join(v.path for v in first.variables if id(v) in common)
    assert not common, f"Two instances share these weights: {paths}."


def stays_finite_in_mixed_precision(subject: Subject) -> None:
    """Under Keras's `mixed_float16` policy its outputs are finite."""
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_float16")
    try:
        model = built(subject)
        inputs = inputs_for(model)
        inputs[0], inputs[1] = 0.0, 1.0  # an all-black image and an all-white one
        outputs = [array(model(inputs, training=mode)) for mode in (False, True)]
    finally:
        keras.config.set_dtype_policy(policy)
    finite = all(np.isfinite(output).all() for output in outputs)
    assert finite, "In mixed precision (float16), it gives values that are not finite."


def weights(model: keras.Model) -> list[np.ndarray]:
    """The values of a model's trainable weights."""
    return [array(variable) for variable in model.trainable_variables]


@contextmanager
def _saved(model: keras.Model) -> Iterator[list[Path]]:
    with tempfile.TemporaryDirectory() as folder, without_advice():
        paths = [Path(folder) / f"model{ending}" for ending in FORMATS]
        for path in paths:
            try:
                model.save(path)
            except Exception as error:
                raise AssertionError(f"It can't be saved as {path.suffix}: {error}") from error
        yield paths
