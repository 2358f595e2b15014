"""The fence around the kernels: chosen by a run, kept by it, and left out where one can't work."""

from __future__ import annotations

import inspect
import json
import sys
import warnings
from contextlib import contextmanager

import keras
import numpy as np
import pytest
from click.testing import CliRunner
from keras import layers, ops

import vaekit
from tests.parts import some_images, vae_of
from vaekit.cli import main
from vaekit.engine import Evaluation, Program, compile_evaluate, compile_train
from vaekit.errors import VaekitWarning
from vaekit.kernels import KERNELS, ActiveKernels, fence, usable_kernels
from vaekit.kernels.fence import Kernel
from vaekit.kernels.replaced import replaced
from vaekit.loss import needs_of
from vaekit.model.chunks import run_model

pytestmark = pytest.mark.backend

BACKEND = keras.backend.backend()
BLOCK = np.arange(8, dtype="int32").reshape(2, 4)


def small_program(kernels="fused"):
    """With a place for each kernel: a batch norm, and grey images on the way in and out."""
    keras.utils.set_random_seed(0)
    image = layers.Input((8, 8, 1))
    features = layers.Conv2D(16, 3, padding="same", name="grey_in")(image)
    features = layers.BatchNormalization(name="norm")(features)
    z = layers.Input((2,))
    spread = layers.Reshape((8, 8, 16))(layers.Dense(8 * 8 * 16, "tanh", name="spread")(z))
    pixels = layers.Conv2DTranspose(1, 3, padding="same", name="grey_out")(spread)
    vae = vae_of(keras.Model(image, features), keras.Model(z, pixels))
    optimizer = keras.optimizers.Adam(1e-3)
    return Program(vae, squares, needs_of(squares, "squares"), optimizer, seed=0, kernels=kernels)


def squares(x, output):
    error = ops.sum(ops.square(x - output.reconstruction), axis=(-3, -2, -1))
    return {"error": error}


def trained(program):
    """Rows of four training steps in two calls, and an evaluation."""
    train = compile_train(program, some_images())
    rows = np.concatenate([train(BLOCK), train(BLOCK)])
    return rows, Evaluation(program, some_images())()


@pytest.fixture(scope="module")
def by_stock():
    return trained(small_program("stock"))


class RenamedMoments(keras.optimizers.Adam):
    """As Adam may be one day: its moments have other names."""

    def build(self, variables):
        super().build(variables)
        self.first, self.second = self._momentums, self._velocities
        del self._momentums, self._velocities

    def update_step(self, gradient, variable, learning_rate):
        self._momentums, self._velocities = self.first, self.second
        super().update_step(gradient, variable, learning_rate)
        del self._momentums, self._velocities


def raising(*args, **kwargs):
    raise NotImplementedError("no such kernel on this device")


def no_raw_op(name):
    return lambda patch: patch.delattr(f"tensorflow.raw_ops.{name}")


def other_convolution(patch):
    import tensorflow as tf

    plain = tf.nn.convolution

    def convolution(
        input,
        filters,
        strides=None,
        padding="VALID",
        data_format=None,
        dilations=None,
        name=None,
        groups=1,
    ):
        return plain(input, filters, strides, padding, data_format, dilations, name)

    patch.setattr(tf.nn, "convolution", convolution)


def other_batch_norm(patch):
    plain = layers.BatchNormalization.call

    def call(self, inputs, training=None, mask=None, weights=None):
        return plain(self, inputs, training, mask)

    patch.setattr(layers.BatchNormalization, "call", call)


def no_channel_sums(patch):
    import torch

    patch.setattr(torch.ops.aten, "native_batch_norm_backward", raising)


def no_fused_adam(patch):
    import torch

    patch.setattr(torch, "_fused_adam_", raising)


def no_cropped_convolution(patch):
    import torch

    patch.setattr(torch.ops.mkldnn, "_convolution_transpose_pointwise", raising)


def other_walk(patch):
    from keras.src.ops.function import Function

    plain = Function._run_through_graph

    def _run_through_graph(self, inputs, operation_fn=lambda op: op, call_fn=None, before=None):
        return plain(self, inputs, operation_fn, call_fn)

    patch.setattr(Function, "_run_through_graph", _run_through_graph)


def other_transposed_convolution(patch):
    import jax

    plain = jax.lax.conv_transpose

    def conv_transpose(lhs, rhs, strides, padding, **others):
        return plain(lhs, rhs, strides, padding, **others)

    patch.setattr(jax.lax, "conv_transpose", conv_transpose)


BATCH_NORM = "batch norm"
# What is hidden, of which kernel, and on which backend.
HIDDEN = {
    "operation": (no_raw_op("FusedBatchNormV3"), BATCH_NORM, "tensorflow"),
    "gradient's operation": (no_raw_op("FusedBatchNormGradV3"), BATCH_NORM, "tensorflow"),
    "operation of moments": (no_raw_op("EuclideanNorm"), BATCH_NORM, "tensorflow"),
    "layer's parameters": (
        other_batch_norm,
        BATCH_NORM,
        "torch" if BACKEND == "torch" else "tensorflow",
    ),
    "moments of Adam": (
        lambda patch: patch.setattr(keras.optimizers, "Adam", RenamedMoments),
        "shared step size of Adam",
        "tensorflow",
    ),
    "convolution's parameters": (other_convolution, "convolutions of grey images", "tensorflow"),
    "tensorflow's own": (
        lambda patch: patch.setattr("tensorflow.add_n", raising),
        "convolutions of grey images",
        "tensorflow",
    ),
    "kernel's own module": (
        lambda patch: patch.setitem(sys.modules, f"vaekit.kernels.batch_norm_{BACKEND}", None),
        BATCH_NORM,
        "tensorflow",
    ),
    "gradient's operation on torch": (no_channel_sums, BATCH_NORM, "torch"),
    "operation of updates": (no_fused_adam, "fused Adam", "torch"),
    "operation of convolutions": (no_cropped_convolution, "convolutions", "torch"),
    "parameters of the walk": (other_walk, "direct calls of layers", "torch"),
    "transposed convolution's parameters": (
        other_transposed_convolution,
        "transposed convolutions",
        "jax",
    ),
    "transposition": (
        lambda patch: patch.setattr("jax.linear_transpose", raising),
        "transposed convolutions",
        "jax",
    ),
}


@pytest.mark.parametrize("case", HIDDEN)
def test_a_hidden_internal_costs_one_warning_and_no_training(case, monkeypatch, by_stock):
    hide, kernel, backend = HIDDEN[case]
    if backend != BACKEND:
        pytest.skip(f"on {backend}")
    hide(monkeypatch)
    program = small_program()
    with pytest.warns(VaekitWarning, match=f"The kernel '{kernel}' doesn't work here") as warned:
        rows, summary = trained(program)
    assert [warning.category for warning in warned].count(VaekitWarning) == 1
    np.testing.assert_allclose(rows, by_stock[0], rtol=1e-3, atol=1e-4)
    assert summary["loss"] == pytest.approx(by_stock[1]["loss"], rel=1e-3)


def test_each_kernel_that_fails_is_named_and_the_others_stay(monkeypatch):
    broken = [kernel._replace(path="fence:nothing_of_this_name") for kernel in KERNELS[BACKEND]]
    working = KERNELS[BACKEND][-1]
    monkeypatch.setitem(KERNELS, BACKEND, (*broken, working))
    program = small_program()
    with pytest.warns(VaekitWarning) as warned:
        compile_train(program, some_images())(BLOCK)
    assert [str(w.message).split("'")[1] for w in warned] == [kernel.name for kernel in broken]
    with warnings.catch_warnings():
        warnings.simplefilter("error", VaekitWarning)
        compile_evaluate(program, some_images())(BLOCK)
    assert program.kernels._working == [working]


def test_an_error_of_the_loss_is_told_as_such(monkeypatch):
    program = small_program()

    def fails(*args):
        raise ZeroDivisionError("the loss's own")

    monkeypatch.setattr(program, "train_step", fails)
    with warnings.catch_warnings():
        warnings.simplefilter("error", VaekitWarning)
        with pytest.raises(ZeroDivisionError, match="the loss's own") as error:
            trained(program)
    assert error.value.__context__ is None


def test_stock_replaces_nothing(monkeypatch, by_stock):
    """Nor is it touched by what the room holds: none of it is imported, none of it is entered."""
    broken = [kernel._replace(path="fence:nothing_of_this_name") for kernel in KERNELS[BACKEND]]
    monkeypatch.setitem(KERNELS, BACKEND, tuple(broken))
    with warnings.catch_warnings():
        warnings.simplefilter("error", VaekitWarning)
        rows, _ = trained(small_program("stock"))
    np.testing.assert_array_equal(rows, by_stock[0])
    monkeypatch.undo()
    fused, _ = trained(small_program())
    assert not np.array_equal(rows, fused)


def test_functions_with_other_parameters_are_not_replaced():
    class Owner:
        @staticmethod
        def function(x, y=1):
            return x

    before = inspect.signature(Owner.function)
    with (
        pytest.raises(TypeError, match=r"Owner.function takes \(x, y\) and not \(x\)"),
        replaced(Owner, function=lambda x: x),
    ):
        pass
    with pytest.raises(AttributeError), replaced(Owner, missing=lambda x: x):
        pass
    assert inspect.signature(Owner.function) == before
    assert not hasattr(Owner, "missing")


def test_a_run_is_asked_for_them_tells_them_and_keeps_them(tmp_path):
    small = ["--data", "digits", "--limit", "16", "--batch-size", "8", "--epochs", "1"]
    small += ["--encoder", "small", "--decoder", "small"]
    small += ["--out", str(tmp_path / "run")]
    result = CliRunner().invoke(main, ["train", *small, "--kernels", "stock", "--verbose"])
    assert result.exit_code == 0, result.output
    assert any(line.split()[:2] == ["kernels", "stock"] for line in result.stdout.splitlines())
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    assert record["choices"]["kernels"] == {"value": "stock", "why": "as was asked for"}
    result = CliRunner().invoke(main, ["train", *small, "--resume", "--kernels", "fused"])
    assert result.exit_code == 2
    assert "kernels: was stock, is fused" in result.stderr
    assert "--allow-change kernels" in result.stderr
    resumed = vaekit.resume(tmp_path / "run", epochs=2, progress=False)
    assert resumed.config.kernels == "stock"
    assert resumed.record.choices["kernels"].value == "stock"


def test_evaluation_goes_by_the_kernels_of_the_run(run, monkeypatch):
    seen = []
    monkeypatch.setattr(
        "vaekit.engine.blueprint.Program",
        lambda *args, **kwargs: seen.append(kwargs["kernels"]) or 1 / 0,
    )
    blueprint = run._blueprint
    for name in ("fused", "stock"):
        config = run.config.model_copy(update={"kernels": name})
        monkeypatch.setattr(run, "_blueprint", blueprint._replace(config=config))
        with pytest.raises(ZeroDivisionError):
            run.evaluate()
    assert seen == ["fused", "stock"]


@pytest.mark.parametrize("name", ["fused", "stock"])
def test_encode_and_decode_go_by_the_kernels_of_the_run(run, name, monkeypatch):
    again = vaekit.load(run.path)
    config = again.record.config.model_copy(update={"kernels": name})
    monkeypatch.setattr(again.record, "config", config)
    entered, plain = [], Kernel.entered
    monkeypatch.setattr(Kernel, "entered", lambda self: entered.append(self.name) or plain(self))
    for work in (
        lambda: again.encode(some_images()),
        lambda: again.decode(np.zeros((3, *again.model.latent_shape))),
    ):
        entered.clear()
        work()
        assert bool(entered) == (name == "fused")


def test_what_a_model_gives_does_not_depend_on_who_asked_it_first():
    """Keras keeps the function that it compiled of a model, with the layers as they were then."""
    decoder = small_program().vae.decoder
    z = np.random.default_rng(0).normal(size=(20, 2)).astype("float32")
    stock = keras.models.clone_model(decoder)
    stock.set_weights(decoder.get_weights())
    if BACKEND == "tensorflow":  # see `vaekit.model.prediction`
        stock.jit_compile = False
    kernels = ActiveKernels(usable_kernels(BACKEND))
    (fused,) = run_model(decoder, z, kernels=kernels)
    by_keras = stock.predict_on_batch(z)
    assert np.array_equal(run_model(decoder, z)[0], by_keras)
    assert np.array_equal(decoder.predict_on_batch(z), by_keras)
    assert np.array_equal(run_model(decoder, z, kernels=kernels)[0], fused)
    np.testing.assert_allclose(fused, by_keras, atol=1e-5)


def test_a_model_is_run_without_the_kernels_that_fail(monkeypatch):
    @contextmanager
    def failing():
        with monkeypatch.context() as patch:
            patch.setattr(layers.Reshape, "call", lambda *_: 1 / 0)
            yield

    monkeypatch.setattr(fence, "failing", failing, raising=False)
    fails = Kernel("failing", "keras.layers.Reshape.call", "fence:failing")
    kernels = ActiveKernels([*usable_kernels(BACKEND), fails])
    decoder, z = small_program().vae.decoder, np.zeros((3, 2), "float32")
    with pytest.warns(VaekitWarning, match="'failing' doesn't work here"):
        (first,) = run_model(decoder, z, kernels=kernels)
    with warnings.catch_warnings():
        warnings.simplefilter("error", VaekitWarning)
        (then,) = run_model(decoder, z[:2], kernels=kernels)
    np.testing.assert_allclose(first[:2], then, atol=1e-6)


@pytest.mark.parametrize("command", ["train", "bench"])
def test_other_kernels_are_refused(command):
    result = CliRunner().invoke(main, [command, "--kernels", "fast"])
    assert result.exit_code == 2
    assert "'fast' is not one of 'fused', 'stock'" in result.stderr
    with pytest.raises(vaekit.UserError, match="kernels can't be 'fast'"):
        vaekit.train(kernels="fast")
