"""Loops of the backend's in whose body something is drawn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from keras import ops


def random_loop(count: int, body: Callable[[Any, Any], Any], state: Any, seed: Any) -> Any:
    """`state = body(step, state)`, for each step from 0 to `count`, compiled once.

    body: what it draws is drawn by `seed`, whose own state goes round with the loop's: JAX knows no
        loop that changes a variable, and would draw the same in each step.
    state: a tuple of tensors, whose shapes and types stay as they are.
    seed: a `keras.random.SeedGenerator`.
    """

    def step(number: Any, carry: tuple[Any, Any]) -> tuple[Any, Any]:
        position, state = carry
        seed.state.assign(position)
        state = body(number, state)
        return ops.convert_to_tensor(seed.state), state

    start = ops.convert_to_tensor(seed.state)
    end, state = ops.fori_loop(0, count, step, (start, state))
    seed.state.assign(end)
    return state
