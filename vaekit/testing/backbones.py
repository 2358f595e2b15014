"""Checks that encoders and decoders have in common."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np

from vaekit.errors import BuildError
from vaekit.testing.subject import Subject
from vaekit.testing.training import AtRest, array, some_images
from vaekit.testing.verdict import CheckSkipped, require, require_near
from vaekit.types import ImageShape


def given_for(subject: Subject, latents: int, shape: ImageShape) -> tuple[Any, ...]:
    """What the kit passes to the factory."""
    return (shape,) if subject.kind == "encoder" else (latents, shape)


def grid(subject: Subject) -> list[tuple[Any, ...]]:
    """What to build the subject with: each image it claims, and each number of latents."""
    claims = subject.claims
    pairs = [(claims.latents[0], shape) for shape in claims.shapes]
    pairs += [(count, claims.least) for count in claims.latents]
    return list(dict.fromkeys(given_for(subject, *pair) for pair in pairs))


def least(subject: Subject, seed: int = 0) -> keras.Model:
    """The subject for its smallest image."""
    return subject.make(*grid(subject)[0], seed=seed)


def claimed(subject: Subject) -> Iterator[tuple[tuple[Any, ...], keras.Model]]:
    """What it's built with and the model, wherever it claims to build and does.

    That it builds everywhere is for one check to say; only the smallest has to here.
    """
    for given in grid(subject):
        try:
            model = subject.make(*given)
        except Exception:
            if given == grid(subject)[0]:
                raise
        else:
            yield given, model


def used(model: keras.Model) -> keras.Model:
    """The model after a call in training mode: batch norm's averages have moved."""
    model(inputs_for(model), training=True)
    return model


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
        require(
            isinstance(model, keras.Model), f"It gives a {type(model).__name__}, not a keras.Model."
        )
        ends = (getattr(model, "inputs", None), getattr(model, "outputs", None))
        single = all(end and len(end) == 1 for end in ends)
        require(single, "It isn't a functional model of one input and one output.")
        wanted = given[0] if subject.kind == "encoder" else given[:1]
        taken = tuple(model.inputs[0].shape[1:])
        require(taken == wanted, f"With {given}, it takes {taken} where {wanted} is needed.")


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
    require(name in text, f"Refusing {given}, it doesn't say its name: {text}")
    require(any(s in text for s in shown), f"Refusing {given}, it doesn't say what: {text}")
    whole = text.endswith((".", "!", "?")) and "\n" not in text
    require(whole, f"Refusing {given}, it gives no whole sentence: {text}")


def gives_the_declared_shape(subject: Subject) -> None:
    """What it gives is float32, of the shape that it declares; a decoder's is the image's."""
    for given, model in claimed(subject):
        declared = tuple(model.outputs[0].shape[1:])
        known = None not in declared
        require(known, f"With {given}, it gives features of unknown size {declared}.")
        if subject.kind == "decoder":
            require(declared == given[1], f"With {given}, it gives {declared}.")
        output = model(inputs_for(model, 3), training=False)
        shape = tuple(output.shape)
        require(
            shape == (3, *declared),
            f"With {given}, it declares {declared}, and gives {shape} for 3 inputs.",
        )
        dtype = keras.backend.standardize_dtype(output.dtype)
        require(dtype == "float32", f"It gives {dtype}, not float32.")


def follows_its_seed(subject: Subject) -> None:
    """One seed gives the same weights and the same draws twice; another seed other weights."""
    first, again, other = (least(subject, seed) for seed in (0, 0, 1))
    if not first.trainable_variables:
        raise CheckSkipped("it has no weights")
    one, two, three = (weights(model) for model in (first, again, other))
    require(all(map(np.array_equal, one, two)), "Built twice under one seed, its weights differ.")
    require(not all(map(np.array_equal, one, three)), "Two seeds give the same weights.")
    inputs = inputs_for(first)
    require_near(
        array(first(inputs, training=True)),
        array(again(inputs, training=True)),
        "Built twice under one seed, its outputs in training differ",
    )


def gradients_reach_every_weight(subject: Subject) -> None:
    """Each trainable weight moves when it's trained, and stays finite."""
    model = least(subject)
    own = model.trainable_variables
    if not own:
        raise CheckSkipped("it has no weights")
    before = weights(model)
    trained = AtRest(model)
    trained.compile(keras.optimizers.Adam(1e-3), "mse", run_eagerly=True, jit_compile=False)
    inputs = inputs_for(model, 8)
    target = np.random.default_rng(1).normal(size=(8, *model.output_shape[1:])).astype("float32")
    for _ in range(3):
        trained.train_on_batch(inputs, target)
    after = weights(model)
    wild = [v.path for v, a in zip(own, after, strict=True) if not np.isfinite(a).all()]
    require(
        not wild, f"After three training steps these weights are not finite: {', '.join(wild)}."
    )
    still = [v.path for v, b, a in zip(own, before, after, strict=True) if np.array_equal(a, b)]
    require(not still, f"No gradient reaches these weights: {', '.join(still)}.")


def batch_size_changes_nothing(subject: Subject) -> None:
    """At inference, an image alone gives what it gives among others."""
    model = used(least(subject))
    inputs = inputs_for(model)
    inputs[1:] *= 3.0  # what normalises over the batch shows
    whole = array(model(inputs, training=False))
    alone = np.concatenate([array(model(row[None], training=False)) for row in inputs])
    require_near(alone, whole, "At inference, its output depends on the rest of the batch")


def shares_no_state(subject: Subject) -> None:
    """Two instances have no weight in common."""
    first, second = least(subject), least(subject)
    common = {id(v) for v in first.variables} & {id(v) for v in second.variables}
    paths = ", ".join(v.path for v in first.variables if id(v) in common)
    require(not common, f"Two instances share these weights: {paths}.")


def stays_finite_in_mixed_precision(subject: Subject) -> None:
    """Under Keras's `mixed_float16` policy its outputs are finite."""
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_float16")
    try:
        model = least(subject)
        inputs = inputs_for(model)
        inputs[0], inputs[1] = 0.0, 1.0  # an all-black image and an all-white one
        outputs = [array(model(inputs, training=mode)) for mode in (False, True)]
    finally:
        keras.config.set_dtype_policy(policy)
    finite = all(np.isfinite(output).all() for output in outputs)
    require(finite, "In mixed precision (float16), it gives values that are not finite.")


def weights(model: keras.Model) -> list[np.ndarray]:
    """The values of a model's trainable weights."""
    return [array(variable) for variable in model.trainable_variables]
