"""A batch in slices: the step of the whole batch, with what is a slice's own said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

import vaekit
from tests.parts import blueprint, some_images, values
from tests.small_nets import SMALL_NETS
from vaekit.engine import Program, compile_train, sets_images_against_each_other
from vaekit.errors import UserError
from vaekit.loss import Loss, Player
from vaekit.trainer.slices_told import slices_line
from vaekit.workers import refuse_uneven

pytestmark = pytest.mark.backend
ON = ["own device", "gpu:0"] if keras.backend.backend() == "jax" else ["own device"]
DENSE = {"encoder": "mlp", "encoder_opt": {"units": (8,)}, "decoder": "small"}
SMALL = {**SMALL_NETS, "encoder_opt": {}}


@pytest.fixture(params=ON)
def device(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """On JAX, steps run in a loop where the device is none of a processor's."""
    if request.param != "own device":
        monkeypatch.setattr("keras.distribution.list_devices", lambda: [request.param])


def program_of(accumulate: int, **config: Any) -> Program:
    made = blueprint((8, 8, 1), 0, {**DENSE, "accumulate": accumulate, **config})
    return made.program(optimizer=keras.optimizers.Adam(1e-3))


def trained(program: Program, steps: int = 2) -> tuple[np.ndarray, list[np.ndarray]]:
    block = np.arange(24, dtype="int32").reshape(2, 12)[:steps]
    return compile_train(program, some_images())(block), values(program)


def agree(sliced: Program, whole: Program) -> None:
    (row, state), (of_whole, after_whole) = trained(sliced), trained(whole)
    np.testing.assert_allclose(row, of_whole, rtol=1e-4, atol=1e-3)
    for one, other in zip(state, after_whole, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-5)


def test_a_step_is_that_of_the_whole_batch(device: None) -> None:
    """Its noise, too: of z, of pixels, of augmentation; and all random states are then the same."""
    noise = {"augment": ["flip"], "binarize": "dynamic"}
    agree(program_of(3, **noise), program_of(1, **noise))


class Pair(Loss):
    """An error that all but the prior follow, and a size of z that the encoder alone does."""

    def __init__(self) -> None:
        self.players = {
            "picture": Player(("decoder", "latent", "prior"), {"error": 1.0}),
            "code": Player(("encoder",), {"error": 1.0, "size": 0.5}),
        }

    def __call__(self, x: Any, output: Any) -> dict[str, Any]:
        return {
            "error": keras.ops.sum(keras.ops.square(x - output.reconstruction), axis=(1, 2, 3)),
            "size": keras.ops.sum(keras.ops.square(output.z), axis=-1),
        }


@pytest.mark.slow
def test_each_player_has_its_own_average(registering: Any) -> None:
    vaekit.register_loss("pair", Pair)
    agree(program_of(4, loss="pair"), program_of(1, loss="pair"))


@pytest.mark.slow
def test_batch_norms_averages_move_once_by_the_mean_over_slices() -> None:
    program = program_of(3, **SMALL)
    (norm,) = (
        layer
        for layer in program.vae.heads.layers
        if isinstance(layer, keras.layers.BatchNormalization)
    )
    (dense, *_) = (x for x in program.vae.heads.layers if isinstance(x, keras.layers.Dense))
    kernel = np.array(dense.kernel.numpy(), "float64")
    trained(program, steps=1)
    features = (some_images()[:12].reshape(12, -1) / 255.0 @ kernel).reshape(3, 4, -1)
    moved = 1 - norm.momentum
    np.testing.assert_allclose(
        norm.moving_mean.numpy(), moved * features.mean(axis=(0, 1)), rtol=1e-4, atol=1e-6
    )
    np.testing.assert_allclose(
        norm.moving_variance.numpy(),
        norm.momentum + moved * features.var(axis=1).mean(axis=0),
        rtol=1e-4,
    )


@pytest.mark.slow
def test_float16_scales_once_and_skips_a_step_of_which_one_slice_overflows() -> None:
    program = program_of(3, precision="mixed_float16")
    train = compile_train(program, some_images())
    scale = program.optimizer.dynamic_scale
    scale.assign(1.0)
    block = np.arange(12, dtype="int32")[None]
    train(block)
    assert int(program.optimizer.iterations.value) == 1
    scale.assign(2.0**126)
    before = [v.numpy() for v in program.vae.trainable_variables]
    train(block)
    assert int(program.optimizer.iterations.value) == 1
    assert float(keras.ops.convert_to_numpy(scale.value)) == 2.0**125
    for old, variable in zip(before, program.vae.trainable_variables, strict=True):
        np.testing.assert_array_equal(old, variable.numpy())


def test_a_loss_that_sets_images_against_each_other_is_found(registering: Any) -> None:
    class Rivals(Pair):
        """Each image's size against the batch's."""

        def __call__(self, x: Any, output: Any) -> dict[str, Any]:
            terms = super().__call__(x, output)
            size = keras.ops.stop_gradient(terms["size"])
            return {**terms, "size": size - keras.ops.mean(size)}

    vaekit.register_loss("pair", Pair)
    vaekit.register_loss("rivals", Rivals)
    alone, rivals = program_of(2, loss="pair"), program_of(2, loss="rivals", **SMALL)
    assert not sets_images_against_each_other(alone)
    assert sets_images_against_each_other(rivals)
    config = vaekit.TrainConfig(accumulate=2, batch_size=12)
    assert slices_line(config, alone, "pair") == (
        "Each batch of 12 images is taken in slices of 6, whose gradients are averaged before the "
        "one update."
    )
    line = slices_line(config, rivals, "rivals")
    assert "Batch norm has the moments of a slice." in line
    assert "'rivals' sets the images of a batch against each other" in line


@pytest.mark.quick
def test_uneven_slices_are_refused() -> None:
    refuse_uneven(24, 2, 3)
    for workers, slices, message in (
        (
            1,
            3,
            r"can't be cut into 3 equal slices: choose batch.size 30 or 33, or other .*accumulate",
        ),
        (2, 3, r"by 2 workers, each share in 3 equal slices: choose batch.size 30 or 36"),
    ):
        with pytest.raises(UserError, match=message):
            refuse_uneven(32, workers, slices)


@pytest.mark.slow
def test_a_run_in_slices_goes_on_to_the_bit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options: dict[str, Any] = {
        **SMALL_NETS,
        "data": "mnist-sample",
        "limit": 43,
        "batch_size": 8,
        "accumulate": 4,
        "binarize": "dynamic",
        "figures": False,
    }
    whole = vaekit.train(**options, epochs=2, out=tmp_path / "whole")
    assert "last 3 of the 43 training images are left out, so that 4 slices" in (
        " ".join(capsys.readouterr().out.split())
    )
    vaekit.train(**options, epochs=1, out=tmp_path / "cut")
    cut = vaekit.resume(tmp_path / "cut", epochs=2)
    assert cut.record.config.accumulate == 4
    for one, other in zip(whole.vae.variables, cut.vae.variables, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())
    with pytest.raises(vaekit.RunError, match="accumulate: was 4, is 2"):
        vaekit.train(**{**options, "accumulate": 2, "epochs": 3}, out=tmp_path / "cut", resume=True)
