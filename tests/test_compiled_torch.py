"""A step that torch compiles: what it computes is what it computes operation by operation."""

from __future__ import annotations

import warnings

import keras
import numpy as np
import pytest
from keras import layers, ops

from tests.parts import make_program, some_images, vae_of, values
from tests.test_adversary import Judged
from vaekit.engine import Program, compile_train
from vaekit.errors import VaekitWarning
from vaekit.loss import needs_of

pytestmark = [
    pytest.mark.backend,
    pytest.mark.skipif(keras.backend.backend() != "torch", reason="torch's own"),
]

BLOCK = np.arange(24, dtype="int32").reshape(3, 8)
TUTORIAL = {
    **{"encoder": "conv5", "encoder_opt": {"width": 8}},
    **{"decoder": "deconv4", "decoder_opt": {"width": 8}},
}


def dense_vae():
    """Small, and it draws in its own layers: normal noise, and a dropout with a seed."""
    keras.utils.set_random_seed(0)
    image = layers.Input((8, 8, 1))
    hidden = layers.Dense(16, "relu")(layers.Flatten()(image))
    hidden = layers.Dropout(0.3, seed=5)(layers.GaussianNoise(0.1, seed=3)(hidden))
    z = layers.Input((2,))
    pixels = layers.Reshape((8, 8, 1))(layers.Dense(64, "sigmoid")(z))
    encoder = keras.Model(image, layers.BatchNormalization()(hidden))
    return vae_of(encoder, keras.Model(z, pixels))


def dense_program(loss):
    needs = needs_of(loss, "tested")
    return Program(dense_vae(), loss, needs, keras.optimizers.Adam(1e-3), seed=0)


def both_ways(make, *blocks):
    """The rows of calls and what they leave, eager and compiled, from equal weights."""
    start, results = None, []
    for compiled in (False, True):
        program = make()
        program.compiled = compiled
        start = start or values(program)
        for variable, value in zip(program.state, start, strict=True):
            variable.assign(value)
        train = compile_train(program, some_images())
        rows = np.concatenate([train(block) for block in blocks])
        results.append((rows, values(program)))
    return results


def judged_by_adam():
    """Keras's SGD on torch takes its rate as a Python number, which nothing can record."""
    loss = Judged()
    loss.adversary.optimizer = lambda: keras.optimizers.Adam(1e-3)
    return loss


def squares(x, output):
    error = ops.sum(ops.square(x - output.reconstruction), axis=(-3, -2, -1))
    return {"error": error}


@pytest.mark.parametrize(
    "make",
    [
        lambda: make_program(**TUTORIAL),
        lambda: dense_program(squares),
        lambda: dense_program(judged_by_adam()),
    ],
    ids=["tutorial's parts", "layers that draw", "adversary"],
)
def test_compiled_steps_give_what_eager_ones_give(make):
    with warnings.catch_warnings():
        warnings.simplefilter("error", VaekitWarning)  # it must not fall back
        (rows, state), (compiled_rows, compiled_state) = both_ways(make, BLOCK[:2], BLOCK[2:])
    np.testing.assert_allclose(compiled_rows, rows, rtol=1e-4, atol=1e-5)
    assert not np.array_equal(rows[0], rows[1])
    for eager, compiled in zip(state, compiled_state, strict=True):
        if np.issubdtype(eager.dtype, np.integer):  # counters, and what draws begin from
            np.testing.assert_array_equal(compiled, eager)


def test_a_last_batch_that_is_smaller_is_compiled_too():
    with warnings.catch_warnings():
        warnings.simplefilter("error", VaekitWarning)
        (rows, _), (compiled, _) = both_ways(
            lambda: dense_program(squares), BLOCK[:1], BLOCK[1:2, :5]
        )
    np.testing.assert_allclose(compiled, rows, rtol=1e-4, atol=1e-5)


def test_what_cannot_be_recorded_runs_eager_and_says_so():
    def looks(x, output):
        return {"error": squares(x, output)["error"] * (2.0 if float(ops.sum(x)) > 0 else 1.0)}

    with pytest.warns(VaekitWarning, match="torch can't compile this step .*operation by operati"):
        (rows, state), (compiled_rows, compiled_state) = both_ways(
            lambda: dense_program(looks), BLOCK
        )
    np.testing.assert_array_equal(compiled_rows, rows)
    for eager, compiled in zip(state, compiled_state, strict=True):
        np.testing.assert_array_equal(compiled, eager)
