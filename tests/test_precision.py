"""Mixed precision: what computes in it, what stays in float32, and what a run in it leaves."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import ops

import vaekit
from tests.parts import make_program, make_vae, some_images
from tests.small_nets import SMALL_NETS
from vaekit.engine import Evaluation, compile_train, epoch_order
from vaekit.errors import UserError
from vaekit.model.precision import TrainingPrecision
from vaekit.model.process_state import built_in

pytestmark = pytest.mark.backend

MIXED = {"mixed_bfloat16": "bfloat16", "mixed_float16": "float16"}


@pytest.mark.parametrize("precision", MIXED)
def test_training_computes_in_it_and_the_loss_in_float32(precision):
    vae = make_vae((8, 8, 1), precision=precision)
    seen = {}
    for layer in (vae.encoder.layers[1], vae.decoder.layers[1], vae.posterior.layers[-1]):
        plain = layer.call

        def call(*args, layer=layer, plain=plain, **kwargs):
            seen[layer.name] = layer.compute_dtype
            return plain(*args, **kwargs)

        layer.call = call
    x = ops.ones((2, 8, 8, 1))
    output = vae(x, keras.random.SeedGenerator(0), training=True)
    backbones = {seen[vae.encoder.layers[1].name], seen[vae.decoder.layers[1].name]}
    assert backbones == {MIXED[precision]}
    assert seen[vae.posterior.layers[-1].name] == "float32"
    for tensor in (output.reconstruction, *output.posterior, output.z):
        assert keras.backend.standardize_dtype(tensor.dtype) == "float32"
    vae(x, keras.random.SeedGenerator(0), training=False)
    assert set(seen.values()) == {"float32"}
    assert keras.config.dtype_policy().name == "float32"


def test_layers_within_a_layer_leave_it_too():
    class Holder(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.inner = [keras.layers.Dense(2), {"in a dict": keras.layers.Dense(2)}]
            self.deeper = keras.layers.TimeDistributed(keras.layers.Dense(2))

        def call(self, inputs):
            return inputs

    with built_in("mixed_bfloat16"):
        inputs = keras.Input((3,))
        holder = Holder()
        model = keras.Model(inputs, holder(inputs))
    layer, mapped = holder.inner
    every = [holder, layer, mapped["in a dict"], holder.deeper, holder.deeper.layer]
    precision = TrainingPrecision([model])
    assert {layer.compute_dtype for layer in every} == {"float32"}
    with precision.active():
        assert {layer.compute_dtype for layer in every} == {"bfloat16"}


def learned(precision, kernels="fused"):
    """The loss after thirty steps in it, which has fallen."""
    images = some_images()
    nets = {"encoder": "conv5", "decoder": "deconv4"}
    program = make_program(rate=3e-3, precision=precision, kernels=kernels, **nets)
    train = compile_train(program, images)
    rows = np.concatenate([train(epoch_order(0, e, 24).reshape(-1, 8)) for e in range(10)])
    assert np.isfinite(rows).all()
    assert rows[-3:, 0].mean() < 0.9 * rows[:3, 0].mean()
    return Evaluation(program, images)()["loss"]


@pytest.fixture(scope="module")
def learned_in_float32():
    # By Keras's own arithmetic: so few steps at this rate differ by other orders of summation, too.
    return learned("float32", "stock")


@pytest.mark.parametrize("precision", MIXED)
def test_it_learns_as_float32_does(learned_in_float32, precision):
    assert learned(precision) == pytest.approx(learned_in_float32, rel=0.1)


def test_float16_scales_the_loss_and_skips_a_step_that_overflows():
    program = make_program(precision="mixed_float16")
    names = [variable.path for variable in program.state]
    assert any("dynamic_scale" in name for name in names)  # so checkpoints hold it
    train = compile_train(program, some_images())
    block = np.arange(8, dtype="int32")[None]
    scale = program.optimizer.dynamic_scale
    scale.assign(1.0)
    train(block)
    assert int(program.optimizer.iterations.value) == 1
    scale.assign(2.0**126)
    before = [v.numpy() for v in program.vae.trainable_variables]
    train(block)
    assert int(program.optimizer.iterations.value) == 1
    assert float(ops.convert_to_numpy(scale.value)) == 2.0**125
    for old, variable in zip(before, program.vae.trainable_variables, strict=True):
        np.testing.assert_array_equal(old, variable.numpy())


def test_a_run_in_it_leaves_float32_models(tmp_path):
    run = vaekit.train(
        data="digits",
        limit=64,
        epochs=1,
        precision="mixed_bfloat16",
        **SMALL_NETS,
        out=str(tmp_path / "run"),
        progress=False,
    )
    assert run.record.config.precision == "mixed_bfloat16"
    saved = keras.saving.load_model(tmp_path / "run" / "VAE_decoder.keras")
    assert {layer.compute_dtype for layer in saved.layers} == {"float32"}
    images = saved.predict_on_batch(np.zeros((1, 2), "float32"))
    assert np.asarray(images).dtype == np.float32


def test_a_device_without_it_is_said(monkeypatch):
    def refuse(*args, **kwargs):
        raise RuntimeError("no such kernel")

    monkeypatch.setattr(keras.ops, "conv", refuse)
    with pytest.raises(UserError, match=r"can't compute in bfloat16.*choose another precision"):
        make_vae((8, 8, 1), precision="mixed_bfloat16")


def test_an_unknown_one_is_refused():
    with pytest.raises(UserError, match="precision can't be 'float8'"):
        vaekit.train(precision="float8")
