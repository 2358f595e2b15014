"""What a step on JAX computes by other kernels is what Keras computes."""

from __future__ import annotations

from contextlib import nullcontext, suppress

import keras
import numpy as np
import pytest

if keras.backend.backend() != "jax":
    pytest.skip("these kernels are JAX's", allow_module_level=True)

import jax
import jax.numpy as jnp

from vaekit.kernels import KERNELS, usable_kernels
from vaekit.kernels.transposed_jax import transposed_convolutions

Transposed = keras.layers.Conv2DTranspose


def zeros(kind, *args, **options):
    """A layer with weights of zeros, since JAX compiles the draw of others for each shape."""
    return kind(*args, kernel_initializer="zeros", **options)


def derived(exchanged, layer, shape):
    """Outputs and gradients of a layer, and the program's text."""
    random = np.random.default_rng(0)
    layer.build(shape)
    x = jnp.asarray(random.normal(size=shape), "float32")
    weights = [jnp.asarray(random.normal(size=v.shape), "float32") for v in layer.variables]

    upstream = random.normal(size=layer.compute_output_shape(shape)).astype("float32")

    def step(x, weights, upstream):
        y, pull = jax.vjp(lambda x, w: layer.stateless_call(w, [], x)[0], x, weights)
        in_x, in_weights = pull(upstream)
        return [y, in_x, *in_weights]

    with exchanged():
        traced = jax.jit(step).trace(x, weights, upstream)
    return traced.lower().compile()(x, weights, upstream), str(traced.jaxpr)


def assert_same(plain, exchanged):
    for a, b in zip(plain, exchanged, strict=True):
        scale = max(1.0, float(np.max(np.abs(a))))
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5 * scale)


# Kernel, strides, other options.
TRANSPOSED = {
    "tutorial's": (3, 2, {}),
    "single tap": (1, 1, {}),
    "kernel smaller than strides": (1, 2, {}),
    "even kernel": (2, 2, {}),
    "even kernel, not moved": (4, 1, {}),
    "strides 3": (5, 3, {}),
    "uneven": ((2, 5), (3, 1), {}),
    "valid": (3, 2, {"padding": "valid"}),
    "valid, strides 3": ((4, 2), 3, {"padding": "valid"}),
    "output padding": (3, 2, {"output_padding": 0}),
    "valid, output padding": (5, 3, {"padding": "valid", "output_padding": (2, 1)}),
    "dilated": (3, 1, {"dilation_rate": 2}),
    "channels first": (3, 2, {"data_format": "channels_first"}),
}


@pytest.mark.parametrize("case", TRANSPOSED.values(), ids=TRANSPOSED)
def test_transposed_convolutions_have_the_same_values_and_gradients(case):
    size, strides, options = case

    def layer():
        return zeros(Transposed, 3, size, strides=strides, **{"padding": "same", **options})

    shape = (2, 5, 4, 6)
    plain, _ = derived(nullcontext, layer(), shape)
    exchanged, program = derived(transposed_convolutions, layer(), shape)
    assert "custom_vjp" in program
    assert_same(plain, exchanged)


@pytest.mark.parametrize("kind", [keras.layers.Conv1DTranspose, keras.layers.Conv3DTranspose])
def test_lines_and_volumes_are_transposed_too(kind):
    sides = (5, 4, 3)[: zeros(kind, 1, 1).rank]
    shape = (2, *sides, 4)
    plain, _ = derived(nullcontext, zeros(kind, 3, 3, strides=2), shape)
    exchanged, program = derived(transposed_convolutions, zeros(kind, 3, 3, strides=2), shape)
    assert "custom_vjp" in program
    assert_same(plain, exchanged)


def penalty(x, w):
    """Of a gradient in x, so that its own gradients are second derivatives."""

    def value(x):
        return jnp.sum(jnp.sin(keras.ops.conv_transpose(x, w, 2, "same")))

    return jnp.sum(jax.grad(value)(x) ** 2)


def test_transposed_convolutions_have_second_derivatives():
    random = np.random.default_rng(0)
    x, w = (jnp.asarray(random.normal(size=s), "float32") for s in ((2, 5, 4, 6), (3, 3, 3, 6)))
    plain = jax.jit(jax.grad(penalty, (0, 1)))(x, w)
    with transposed_convolutions():
        traced = jax.jit(jax.grad(penalty, (0, 1))).trace(x, w)
    exchanged = traced.lower().compile()(x, w)
    assert_same(plain, exchanged)


def test_half_precision_stays_half():
    x, w = (jnp.ones(shape, "bfloat16") for shape in ((1, 3, 3, 2), (3, 3, 1, 2)))
    with transposed_convolutions():
        y, pull = jax.vjp(lambda x, w: keras.ops.conv_transpose(x, w, 2, "same"), x, w)
    assert [y.dtype, *(g.dtype for g in pull(y))] == ["bfloat16"] * 3


@pytest.mark.parametrize("exchanged", [transposed_convolutions])
def test_jax_is_left_as_it_was(exchanged):
    def seen():
        return jax.lax.conv_transpose

    before = seen()
    with exchanged():
        assert seen() != before
    assert seen() == before
    with suppress(RuntimeError), exchanged():
        raise RuntimeError
    assert seen() == before


def test_an_accelerator_keeps_xlas_own(monkeypatch):
    monkeypatch.setattr("vaekit.kernels.fence.on_cpu", lambda: True)
    assert usable_kernels("jax") == KERNELS["jax"]
    monkeypatch.setattr("vaekit.kernels.fence.on_cpu", lambda: False)
    assert usable_kernels("jax") == ()
