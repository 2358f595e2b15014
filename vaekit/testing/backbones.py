"""Checks that encoders and decoders have in common."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from vaekit.errors import BuildError
from vaekit.testing.builds import (
    called_in_training,
    claimed_builds,
    claimed_models,
    inputs_for,
    refused_builds,
    smallest,
)
from vaekit.testing.subject import Subject
from vaekit.testing.training import AtRest, array, blueprints, on_logits
from vaekit.testing.verdict import CheckSkipped, require, require_near


def builds_where_it_claims(subject: Subject) -> None:
    """It builds a functional model of one input and one output, wherever it claims to."""
    for build in claimed_builds(subject):
        arguments = build.arguments
        try:
            model = subject.make(*arguments)
        except Exception as error:
            raise AssertionError(
                f"It claims to build with {arguments}; there it raises "
                f"{type(error).__name__}: {error}"
            ) from error
        require(
            isinstance(model, keras.Model), f"It gives a {type(model).__name__}, not a keras.Model."
        )
        ends = (getattr(model, "inputs", None), getattr(model, "outputs", None))
        single = all(end and len(end) == 1 for end in ends)
        require(single, "It isn't a functional model of one input and one output.")
        shape = tuple(model.inputs[0].shape[1:])
        require(
            shape == build.takes,
            f"With {arguments}, it takes {shape} where {build.takes} is needed.",
        )


def refuses_what_it_does_not_claim(subject: Subject) -> None:
    """Elsewhere it raises `vaekit.BuildError`: a sentence with its name and what it refuses."""
    builds = refused_builds(subject)
    if not builds:
        raise CheckSkipped("it claims to take everything")
    for arguments, *_ in builds:
        try:
            subject.make(*arguments)
        except BuildError as error:
            _is_sentence(str(error), subject.name, arguments)
        except Exception as error:
            raise AssertionError(
                f"Given {arguments}, which it doesn't claim to take, it raises "
                f"{type(error).__name__}: {error}. Raise vaekit.BuildError with a sentence."
            ) from error
        else:
            raise AssertionError(
                f"It builds with {arguments}, which it doesn't claim to take: claim it or refuse "
                "it."
            )


def _is_sentence(text: str, name: str, arguments: tuple[Any, ...]) -> None:
    *latents, shape = arguments
    spellings = (
        "x".join(map(str, shape)),
        "x".join(map(str, shape[:2])),
        str(shape),
        *map(str, latents),
        *("x".join(map(str, z)) for z in latents if isinstance(z, tuple)),
    )
    require(name in text, f"Refusing {arguments}, it doesn't say its name: {text}")
    says_what = any(spelling in text for spelling in spellings)
    require(says_what, f"Refusing {arguments}, it doesn't say what: {text}")
    whole = text.endswith((".", "!", "?")) and "\n" not in text
    require(whole, f"Refusing {arguments}, it gives no whole sentence: {text}")


def gives_the_declared_shape(subject: Subject) -> None:
    """What it gives is float32, of the shape that it declares; a decoder's is the image's."""
    for build, model in claimed_models(subject):
        arguments = build.arguments
        declared = tuple(model.outputs[0].shape[1:])
        require(
            None not in declared, f"With {arguments}, it gives features of unknown size {declared}."
        )
        fits = build.gives in (None, declared)
        require(fits, f"With {arguments}, it gives {declared}.")
        output = model(inputs_for(model, 3), training=False)
        shape = tuple(output.shape)
        require(
            shape == (3, *declared),
            f"With {arguments}, it declares {declared}, and gives {shape} for 3 inputs.",
        )
        dtype = keras.backend.standardize_dtype(output.dtype)
        require(dtype == "float32", f"It gives {dtype}, not float32.")


def follows_its_seed(subject: Subject) -> None:
    """One seed gives the same weights and the same draws twice; another seed other weights."""
    first, again, other = (smallest(subject, seed) for seed in (0, 0, 1))
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
    model = smallest(subject)
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
    model = called_in_training(smallest(subject))
    inputs = inputs_for(model)
    inputs[1:] *= 3.0  # what normalises over the batch shows
    whole = array(model(inputs, training=False))
    alone = np.concatenate([array(model(row[None], training=False)) for row in inputs])
    require_near(alone, whole, "At inference, its output depends on the rest of the batch")


def shares_no_state(subject: Subject) -> None:
    """Two instances have no weight in common."""
    first, second = smallest(subject), smallest(subject)
    common = {id(v) for v in first.variables} & {id(v) for v in second.variables}
    paths = ", ".join(v.path for v in first.variables if id(v) in common)
    require(not common, f"Two instances share these weights: {paths}.")


def stays_finite_in_mixed_precision(subject: Subject) -> None:
    """Under Keras's `mixed_float16` policy its outputs are finite."""
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_float16")
    try:
        model = smallest(subject)
        inputs = inputs_for(model)
        inputs[0], inputs[1] = 0.0, 1.0  # an all-black image and an all-white one
        outputs = [array(model(inputs, training=mode)) for mode in (False, True)]
    finally:
        keras.config.set_dtype_policy(policy)
    finite = all(np.isfinite(output).all() for output in outputs)
    require(finite, "In mixed precision (float16), it gives values that are not finite.")


def works_on_logits(subject: Subject) -> None:
    """The kit can take its last activation off, as losses on logits need."""
    blueprint = next(filter(on_logits, blueprints(subject)), None)
    if blueprint is None:
        raise CheckSkipped("none of the kit's parts takes the images that it takes")
    try:
        blueprint.build()
    except BuildError as error:
        raise AssertionError(str(error)) from error


def weights(model: keras.Model) -> list[np.ndarray]:
    """The values of a model's trainable weights."""
    return [array(variable) for variable in model.trainable_variables]
