"""Each schedule against plain Python, at every step and at the ends."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vaekit.schedules import Constant, Cyclical, Linear

pytestmark = pytest.mark.backend

WEIGHTS = st.floats(0.015625, 64, width=32)  # what float32 holds
RAMPS = st.sampled_from([0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0])
slowly = settings(max_examples=40, deadline=None)


def values(schedule, steps):
    """The schedule's value at each of `steps`; one call, as schedules go element by element."""
    steps = keras.ops.convert_to_tensor(np.asarray(steps, "int32"))
    return np.asarray(keras.ops.convert_to_numpy(schedule(steps)))


def linear(step, value, steps):
    return value * min(1.0, step / steps)


def cyclical(step, value, cycle_steps, cycles, ramp):
    if step >= cycle_steps * cycles:
        return value
    done = (step % cycle_steps) / cycle_steps
    return value if done >= ramp else value * done / ramp


def test_constant_never_changes():
    given_values = values(Constant(0.75), range(100))
    np.testing.assert_array_equal(given_values, np.full(100, 0.75, "float32"))


@slowly
@given(value=WEIGHTS, steps=st.integers(1, 300))
def test_linear_is_a_straight_line_and_then_stays(value, steps):
    at = range(602)  # one shape, or JAX would compile for each
    expected = [linear(step, value, steps) for step in at]
    np.testing.assert_allclose(values(Linear(value, steps), at), expected, rtol=1e-5, atol=1e-7)


@slowly
@given(value=WEIGHTS, steps=st.integers(1, 100_000))
def test_linear_is_exact_at_its_ends(value, steps):
    start, end, *after = values(Linear(value, steps), [0, steps, steps + 1, 2**31 - 1])
    assert start == 0
    assert end == pytest.approx(value, rel=2e-7)  # XLA divides by multiplying: the last bit is off
    assert after == [value, value]


@slowly
@given(value=WEIGHTS, steps=st.integers(1, 60), cycles=st.integers(1, 5), ramp=RAMPS)
def test_cyclical_rises_and_holds_in_each_cycle(value, steps, cycles, ramp):
    at = range(362)
    expected = [cyclical(step, value, steps, cycles, ramp) for step in at]
    given_values = values(Cyclical(value, steps, cycles, ramp), at)
    np.testing.assert_allclose(given_values, expected, rtol=1e-5, atol=1e-7)


@slowly
@given(value=WEIGHTS, steps=st.integers(2, 10_000), cycles=st.integers(1, 9), ramp=RAMPS)
def test_cyclical_is_exact_at_its_ends(value, steps, cycles, ramp):
    end = steps * cycles
    starts = [steps * cycle for cycle in range(cycles)]
    schedule = Cyclical(value, steps, cycles, ramp)
    np.testing.assert_array_equal(values(schedule, starts), 0)
    after = values(schedule, [end, end + 1, end + steps // 2, 10 * end, 2**31 - 1])
    np.testing.assert_array_equal(after, np.float32(value))


def test_cyclical_by_hand():
    given_values = values(Cyclical(2.0, cycle_steps=8, cycles=2, ramp=0.5), range(18))
    cycle = [0, 0.5, 1, 1.5, 2, 2, 2, 2]
    np.testing.assert_array_equal(given_values, [*cycle, *cycle, 2, 2])


def test_cyclical_is_four_cycles_half_of_them_ramp_unless_told():
    assert Cyclical(1.0, 10) == Cyclical(1.0, 10, cycles=4, ramp=0.5)


@pytest.mark.parametrize(
    "schedule", [Constant(3.0), Linear(3.0, 10), Cyclical(3.0, 10, 1, 1.0)], ids=repr
)
@pytest.mark.parametrize("step", [0, 5, 50])
def test_a_scalar_step_gives_a_float32_scalar(schedule, step):
    value = schedule(keras.ops.convert_to_tensor(step, dtype="int32"))
    assert keras.backend.standardize_dtype(value.dtype) == "float32"
    assert tuple(value.shape) == ()
    (expected,) = values(schedule, [step])
    assert float(value) == expected


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_weights_never_leave_their_range(value):
    for schedule in (Constant(value), Linear(value, 7), Cyclical(value, 7, 3, 0.3)):
        given_values = values(schedule, range(40))
        assert given_values.min() >= 0
        assert given_values.max() <= value
