"""Free bits: what the floor is of, and that nothing under it has a gradient."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import vaekit
from autodiff import gradients
from keras import ops
from parts import array, blueprint, program, tensor
from vaekit.engine import Evaluation
from vaekit_bounds.free_bits import free_bits

KL = np.array([[0.1, 0.5, 0.0, 3.0], [0.3, 0.1, 0.2, 1.0]])
X = np.zeros((2, 3, 2, 1))


def floored(kl: Any, **options: Any) -> Any:
    draw = vaekit.Draw(None, None, None, kl)
    output = vaekit.VAEOutput(tensor(X), None, None, draw=draw)
    return free_bits(**options)(tensor(X), output)["floored_kl"]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        # Means by unit are .2, .3, .1 and 2.
        ({"floor": 0.25}, [0.25 + 0.3 + 0.25 + 2.0] * 2),
        ({"floor": 0.25, "average": "image"}, [0.25 + 0.5 + 0.25 + 3.0, 0.3 + 0.25 + 0.25 + 1.0]),
        ({"floor": 0.7, "groups": 2}, [0.7 + 2.1] * 2),
        ({"floor": 0.5, "groups": 2, "average": "image"}, [0.6 + 3.0, 0.5 + 1.2]),
        ({"floor": 9.0, "groups": 1}, [9.0, 9.0]),
        ({"floor": 0.0, "average": "image"}, KL.sum(1)),
    ],
)
def test_groups_cost_at_least_the_floor(options: dict[str, Any], expected: Any) -> None:
    np.testing.assert_allclose(array(floored(tensor(KL), **options)), expected, rtol=1e-6)


@pytest.mark.backend
@pytest.mark.parametrize("average", ["batch", "image"])
def test_no_gradient_under_the_floor(average: str) -> None:
    kl = keras.Variable(KL, dtype="float32")

    def loss() -> Any:
        return ops.sum(floored(ops.convert_to_tensor(kl), floor=0.25, average=average))

    under = (KL.mean(0) if average == "batch" else KL) < 0.25
    expected = np.broadcast_to(np.where(under, 0.0, 1.0), KL.shape)
    np.testing.assert_allclose(gradients(loss, [kl])[0], expected, atol=1e-6)


def test_a_high_floor_leaves_the_encoder_to_the_reconstruction() -> None:
    made = program(loss="free-bits", loss_opt={"floor": 50.0})
    figures = Evaluation(made, np.zeros((8, 8, 8, 1), "float32"))()
    assert figures["floored_kl"] == pytest.approx(200.0)
    assert figures["elbo"] == pytest.approx(-figures["reconstruction"] - figures["kl"], rel=1e-5)


def test_groups_that_do_not_divide_the_units_are_refused() -> None:
    with pytest.raises(vaekit.BuildError, match=r"'free-bits' can't make 3 groups .* of 4 units"):
        program(loss="free-bits", loss_opt={"groups": 3})


@pytest.mark.parametrize("loss", ["free-bits", "capacity"])
def test_a_constant_kl_is_refused(loss: str) -> None:
    with pytest.raises(vaekit.BuildError, match="a KL that a weight can move"):
        blueprint(latent="vq", loss=loss).build()
