"""Loops of the backend's in whose body something is drawn."""

from __future__ import annotations

from collections.abc import Callable

from keras import ops

from vaekit.types import Tensor

State = tuple[Tensor, ...]


def random_loop(
    count: int, body: Callable[[Tensor, State], State], state: State, seed: Tensor
) -> State:
    """`state = body(step, state)`, for each step from 0 to `count`, compiled once.

    body: what it draws is drawn by `seed`, whose own state goes round with the loop's: JAX knows no
        loop that changes a variable, and would draw the same in each step.
    state: a tuple of tensors, whose shapes and types stay as they are.
    seed: a `keras.random.SeedGenerator`.
    """

    def step(number: Tensor, carry: tuple[Tensor, State]) -> tuple[Tensor, State]:
        position, state = carry
        seed.state.assign(position)
        state = body(number, state)
        return position_of(seed), state

    end, state = ops.fori_loop(0, count, step, (position_of(seed), state))
    seed.state.assign(end)
    return state


def position_of(seed: Tensor) -> Tensor:
    """A copy of a generator's state: assigned to it later, the same is drawn again."""
    return seed.state * 1
