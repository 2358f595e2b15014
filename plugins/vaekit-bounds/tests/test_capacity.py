"""Capacity: when it is reached, and what the gap costs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import vaekit
from keras import ops
from parts import IMAGES, array, program, tensor
from vaekit.engine import Evaluation, compile_train
from vaekit_bounds.capacity import capacity

KL = np.array([[1.0, 2.0], [4.0, 7.0]])
X = np.zeros((2, 3, 2, 1))


@pytest.mark.parametrize(
    ("most", "step", "steps", "expected"),
    [
        (1, 0, 1, 0),
        (1, 0, 10, 0),
        (10, 1, 1, 10),
        (10, 5, 10, 5),
        (10, 10, 10, 10),
        (10, 20, 10, 10),
        (10, 1000, 10, 10),
        (10, 1, 4, 2.5),
        (25, 50_000, 100_000, 12.5),
        (0, 7, 10, 0),
    ],
)
def test_capacity_rises_in_a_straight_line(
    most: float, step: int, steps: int, expected: float
) -> None:
    """min(c_max, c_max step / threshold), the `anneal` of disentanglement_lib."""
    schedule = capacity(capacity=most, steps=steps).schedules["capacity"]
    assert array(schedule(ops.convert_to_tensor(step))) == pytest.approx(expected)


@pytest.mark.parametrize(("average", "expected"), [("batch", [3.0, 3.0]), ("image", [1.0, 7.0])])
def test_gap_is_weighted(average: Any, expected: list[float]) -> None:
    """KLs of 3 and 11 nats, 7 on average, against 4 or 10."""
    draw = vaekit.Draw(None, None, None, tensor(KL))
    for now, gaps in ((4.0, expected), (10.0, [3.0, 3.0] if average == "batch" else [7.0, 1.0])):
        output = vaekit.VAEOutput(
            tensor(X), None, None, schedule={"capacity": tensor(now)}, draw=draw
        )
        terms = capacity(gamma=2.5, average=average)(tensor(X), output)
        np.testing.assert_allclose(array(terms["capacity_gap"]), 2.5 * np.array(gaps), rtol=1e-6)


def test_training_raises_it_by_step_and_the_kl_follows() -> None:
    made = program(5e-3, loss="capacity", loss_opt={"capacity": 6.0, "steps": 200, "gamma": 50.0})
    assert Evaluation(made, IMAGES)()["capacity"] == 0
    train = compile_train(made, IMAGES)
    blocks = np.random.default_rng(0).integers(0, 64, (600, 16)).astype("int32")
    train(blocks[:100])
    assert Evaluation(made, IMAGES)()["capacity"] == pytest.approx(3.0)
    train(blocks[100:])
    figures = Evaluation(made, IMAGES)()
    assert figures["capacity"] == pytest.approx(6.0)
    assert figures["kl"] == pytest.approx(6.0, abs=0.5)
