"""What a step on torch computes by other kernels is what Keras computes."""

from __future__ import annotations

from contextlib import ExitStack, nullcontext

import keras
import numpy as np
import pytest

if keras.backend.backend() != "torch":
    pytest.skip("these kernels are torch's", allow_module_level=True)

import torch
from keras import layers

from vaekit.kernels import transposed_torch
from vaekit.kernels.adam_torch import fused_adam
from vaekit.kernels.batch_norm_torch import native_batch_norm
from vaekit.kernels.convolutions_torch import whole_convolutions
from vaekit.kernels.layer_calls_torch import _chain, direct_calls

pytestmark = pytest.mark.backend

Conv, Transposed = layers.Conv2D, layers.Conv2DTranspose
# Layer, filters, kernel size, other options, shape of the inputs, whether Keras's own is left.
LAYERS = {
    "to features": (Conv, 17, 3, {}, (3, 6, 5, 1), False),
    "of many": (Conv, 16, 3, {"activation": "tanh"}, (3, 6, 5, 8), False),
    "strided, even": (Conv, 5, 3, {"strides": 2}, (3, 8, 6, 4), False),
    "strided, odd": (Conv, 5, 3, {"strides": 2}, (3, 7, 5, 4), False),
    "strided by three": (Conv, 5, 4, {"strides": 3}, (3, 8, 11, 4), False),
    "strided apart": (Conv, 5, 3, {"strides": (1, 2)}, (3, 8, 6, 4), False),
    "even kernel to features": (Conv, 16, (4, 2), {}, (3, 6, 5, 1), False),
    "valid": (Conv, 16, 3, {"padding": "valid"}, (3, 6, 5, 2), False),
    "single tap": (Conv, 16, 1, {"use_bias": False}, (3, 6, 5, 2), False),
    "dilated": (Conv, 5, 3, {"dilation_rate": 2}, (3, 6, 5, 4), True),
    "in groups": (Conv, 4, 3, {"groups": 2}, (3, 6, 5, 4), True),
    "half precision": (Conv, 4, 3, {"dtype": "mixed_bfloat16"}, (3, 6, 5, 4), True),
    "to images": (Transposed, 1, 3, {}, (3, 6, 5, 16), False),
    "to colour": (Transposed, 3, 5, {"activation": "sigmoid"}, (3, 6, 5, 16), False),
    "to images, uneven kernel": (Transposed, 1, (4, 3), {}, (3, 6, 5, 17), False),
    "larger": (Transposed, 5, 3, {"strides": 2}, (3, 4, 5, 6), False),
    "larger, no bias": (Transposed, 5, 3, {"strides": 2, "use_bias": False}, (3, 4, 5, 6), False),
    "larger, even kernel": (Transposed, 5, 4, {"strides": 2}, (3, 4, 5, 6), False),
    "larger, wide kernel": (Transposed, 5, 5, {"strides": 2}, (3, 4, 5, 6), False),
    "larger images": (Transposed, 1, 4, {"strides": 2}, (3, 4, 5, 16), False),
    "larger, padded": (Transposed, 5, 3, {"strides": 2, "output_padding": 1}, (3, 4, 5, 6), False),
    "three times": (Transposed, 5, 4, {"strides": 3}, (3, 4, 5, 6), False),
    "valid and larger": (Transposed, 5, 3, {"strides": 2, "padding": "valid"}, (3, 4, 5, 6), False),
    "gaps": (Transposed, 5, 2, {"strides": 3}, (3, 4, 5, 6), True),
    "dilated, transposed": (Transposed, 5, 3, {"dilation_rate": 2}, (3, 4, 5, 6), True),
}


def built(kind, filters, kernel, options, shape):
    layer = kind(filters, kernel, **{"padding": "same", **options})
    layer.build(shape)
    random = np.random.default_rng(0)
    for weight in layer.trainable_variables:
        weight.assign(random.normal(size=weight.shape))
    return layer


def differentiated(layer, shape, entered):
    """Outputs, gradients, and what a penalty on the images' gradient has for gradients."""
    random = np.random.default_rng(1)
    inputs = torch.tensor(random.normal(size=shape).astype("float32"), requires_grad=True)
    weights = [variable.value for variable in layer.trainable_variables]
    with entered:
        outputs = layer(inputs)
        upstream = torch.tensor(random.normal(size=outputs.shape).astype("float32"))
        total = (outputs.float() * upstream).square().sum()
        gradients = torch.autograd.grad(total, [inputs, *weights], create_graph=True)
        penalty = torch.autograd.grad(gradients[0].square().sum(), [inputs, *weights])
        with torch.no_grad():
            at_rest = layer(inputs)
    return [part.detach().float().numpy() for part in (outputs, at_rest, *gradients, *penalty)]


@pytest.mark.parametrize("case", LAYERS)
def test_convolutions_their_gradients_and_the_gradients_of_those(case):
    *how, left = LAYERS[case]
    layer = built(*how)
    plain = differentiated(layer, how[-1], nullcontext())
    whole = differentiated(layer, how[-1], whole_convolutions())
    for a, b in zip(plain, whole, strict=True):
        scale = max(1.0, float(np.max(np.abs(a))))
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5 * scale)
    if left:
        for a, b in zip(plain, whole, strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("case", ["to images", "to features", "larger"])
def test_the_layers_go_by_the_kernels(case, monkeypatch):
    calls = []
    for name in ("_spread", "_of_kernel"):
        plain = getattr(transposed_torch, name)
        monkeypatch.setattr(
            transposed_torch,
            name,
            lambda *args, plain=plain, name=name: calls.append(name) or plain(*args),
        )
    *how, _ = LAYERS[case]
    differentiated(built(*how), how[-1], whole_convolutions())
    assert "_of_kernel" in calls
    assert ("_spread" in calls) == (case != "larger")


def test_a_convolution_whose_outputs_are_regularised_is_taken_by_that_as_well():
    for regulariser in (None, "l2"):
        inputs = layers.Input((6, 5, 1))
        convolution = Conv(16, 3, activity_regularizer=regulariser)
        outputs = layers.BatchNormalization()(convolution(inputs))
        (node, _) = _chain(keras.Model(inputs, outputs))
        assert node.alone == (regulariser is None)


def normed(kind, taken_twice=False):
    keras.utils.set_random_seed(0)
    inputs = layers.Input((6, 5, 1 if kind is Conv else 16))
    features = kind(16 if kind is Conv else 3, 3, padding="same", name="conv")(inputs)
    outputs = layers.BatchNormalization(name="norm")(features)
    if taken_twice:
        return keras.Model(inputs, [outputs, features])
    return keras.Model(inputs, layers.LeakyReLU()(outputs))


def gradients_in_training(model, entered):
    random = np.random.default_rng(1)
    inputs = torch.tensor(random.normal(size=(8, *model.input_shape[1:])).astype("float32"))
    inputs.requires_grad_()
    before = [np.array(v.numpy()) for v in model.variables]
    with entered:
        outputs = keras.tree.flatten(model(inputs, training=True))
        weights = {variable.path: variable.value for variable in model.trainable_variables}
        total = sum((part * part.detach().cos()).sum() for part in outputs)
        gradients = torch.autograd.grad(total, [inputs, *weights.values()])
    moved = [np.array(v.numpy()) for v in model.non_trainable_variables]
    for variable, value in zip(model.variables, before, strict=True):
        variable.assign(value)
    by_path = zip(("inputs", *weights), gradients, strict=True)
    return {path: part.numpy() for path, part in by_path}, moved


@pytest.mark.parametrize("twice", [False, True])
@pytest.mark.parametrize("kind", [Conv, Transposed])
def test_a_bias_before_a_norm_has_no_gradient_and_averages_move_as_keras_moves_them(kind, twice):
    model = normed(kind, twice)
    plain, moved = gradients_in_training(model, nullcontext())
    with ExitStack() as stack:
        for kernel in (whole_convolutions(), native_batch_norm(), direct_calls()):
            stack.enter_context(kernel)
        quick, moved_quickly = gradients_in_training(model, nullcontext())
    assert plain.keys() == quick.keys()
    for path, gradient in plain.items():
        scale = max(1.0, float(np.max(np.abs(gradient))))
        # Keras's own sum of what cancels is as far from 0 as rounding takes it.
        atol = 3e-4 if path == "conv/bias" and not twice else 2e-5 * scale
        np.testing.assert_allclose(quick[path], gradient, rtol=1e-4, atol=atol, err_msg=path)
    # Taken by something else as well, it counts.
    assert bool(np.any(quick["conv/bias"])) == twice
    for a, b in zip(moved, moved_quickly, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-8)


def test_layers_are_as_before_when_it_is_left():
    before = Conv.call, Transposed.call
    with whole_convolutions(), direct_calls():
        pass
    assert (Conv.call, Transposed.call) == before


@pytest.mark.parametrize("options", [{}, {"clipnorm": 0.1}, {"use_ema": True}, {"amsgrad": True}])
def test_adam_moves_weights_as_keras_does(options):
    def moved(entered):
        random = np.random.default_rng(0)
        shapes = (3, 3, 4, 5), (7,), (20, 10)
        weights = [keras.Variable(random.normal(size=s).astype("float32")) for s in shapes]
        rate = keras.optimizers.schedules.ExponentialDecay(1e-2, 3, 0.5)
        optimizer = keras.optimizers.Adam(rate, **options)
        optimizer.build(weights)
        with entered, torch.no_grad():
            for _ in range(12):
                gradients = [
                    torch.tensor(1e-5 * random.normal(size=shape).astype("float32").T).permute(
                        *reversed(range(len(shape)))
                    )
                    for shape in shapes
                ]
                optimizer.apply(gradients, weights)
        return [v.numpy() for v in (*weights, *optimizer.variables)]

    for a, b in zip(moved(nullcontext()), moved(fused_adam()), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=2e-6)


class Doubling(layers.Layer):
    """A part's own layer."""

    def call(self, x):
        return 2 * x


def net(branches=False):
    keras.utils.set_random_seed(0)
    inputs = layers.Input((6,))
    features = layers.Dense(8, activation="relu")(inputs)
    features = layers.BatchNormalization()(Doubling()(features))
    features = layers.Dropout(0.5, seed=3)(features)
    if branches:
        features = layers.Add()([features, layers.Dense(8)(features)])
    inner = keras.Sequential([layers.Input((8,)), layers.Dense(4), layers.Dropout(0.5, seed=4)])
    outputs = inner(features)
    return keras.Model(inputs, [outputs, features] if branches else outputs)


@pytest.mark.parametrize("branches", [False, True])
@pytest.mark.parametrize("training", [False, True])
def test_direct_calls_give_the_same_to_the_bit(branches, training):
    x = torch.tensor(np.random.default_rng(0).normal(size=(5, 6)).astype("float32"))
    plain, direct = [], []
    for results, entered in ((plain, nullcontext), (direct, direct_calls)):
        model = net(branches)
        with entered():
            for _ in range(2):
                results += keras.tree.flatten(model(x, training=training))
        results += [variable.value for variable in model.variables]
    for a, b in zip(plain, direct, strict=True):
        np.testing.assert_array_equal(a.detach().numpy(), b.detach().numpy())


def test_what_a_layer_has_beside_its_call_is_kept():
    """A penalty on outputs, a mask and a type to cast to are Keras's still."""
    penal = layers.Dense(3, activity_regularizer="l2")
    masked = layers.Masking()
    half = layers.Dense(3, dtype="mixed_bfloat16")
    x = torch.tensor([[[0.0, 0.0], [1.0, 2.0]]])
    for layer in (penal, masked, half):
        layer(x, training=False)
    with direct_calls():
        penal(x, training=True)
        assert len(penal.losses) == 1
        assert masked(x, training=True)._keras_mask.tolist() == [[False, True]]
        assert half(x, training=True).dtype == torch.bfloat16
