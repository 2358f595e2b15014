"""Steps on JAX: jitted functions of the values of all variables, in a loop or one by one."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import keras
import numpy as np

from vaekit.config import MAX_STEPS
from vaekit.engine.backend import Call, Engine, ForwardStep
from vaekit.engine.feed import Feed
from vaekit.engine.program import Program
from vaekit.startup import on_cpu

State = list[Any]  # values of `program.state`, in that order
Step = Callable[[State, Any], tuple[State, Any]]


class JaxEngine(Engine):
    """Jitted functions from all variables' values to their next; XLA fuses Keras's arithmetic."""

    def train(self, program: Program, images: np.ndarray | Feed) -> Call:
        slots = {id(variable): slot for slot, variable in enumerate(program.state)}
        trained = [[slots[id(v)] for v in objective.variables] for objective in program.objectives]

        def losses_of(weights: list[list[Any]], state: State, batch: Any) -> tuple[list[Any], Any]:
            for places, values in zip(trained, weights, strict=True):
                state = _with_values(state, places, values)
            (losses, row), state = _stateless(program, state, lambda: program.train_step(batch))
            return losses, (row, state)

        def step(state: State, batch: Any) -> tuple[State, Any]:
            weights = [[state[slot] for slot in places] for places in trained]
            losses, pull, (row, state) = jax.vjp(
                lambda weights: losses_of(weights, state, batch), weights, has_aux=True
            )
            for number, objective in enumerate(program.objectives):
                # The gradient of this objective's loss alone, in its own weights alone.
                seeds = [jnp.ones_like(loss) * (at == number) for at, loss in enumerate(losses)]
                (gradients,) = pull(seeds)
                tuned = [slots[id(variable)] for variable in objective.optimizer.variables]
                values, tuning = objective.optimizer.stateless_apply(
                    [state[slot] for slot in tuned], gradients[number], weights[number]
                )
                state = _with_values(_with_values(state, trained[number], values), tuned, tuning)
            return state, row

        return _steps(program, step, images, sum(program.columns.widths))

    def forward(
        self, program: Program, step: ForwardStep, width: int, images: np.ndarray | Feed
    ) -> Call:
        def pure(state: State, batch: Any) -> tuple[State, Any]:
            row, state = _stateless(program, state, lambda: step(batch))
            return state, row

        return _steps(program, pure, images, width)


def _stateless(program: Program, state: State, call: Callable[[], Any]) -> tuple[Any, State]:
    """What `call` returns with the variables at `state`, and the values that it leaves them at."""
    variables = _variables(program)
    with keras.StatelessScope(list(zip(variables, state, strict=True))) as scope:
        result = call()
    return result, [scope.get_current_value(variable) for variable in variables]


def _variables(program: Program) -> list[keras.Variable]:
    return [*program.state, program.eval_noise.state]


def _with_values(state: State, slots: list[int], values: list[Any]) -> State:
    state = list(state)
    for slot, value in zip(slots, values, strict=True):
        state[slot] = value
    return state


def _steps(program: Program, step: Step, images: np.ndarray | Feed, width: int) -> Call:
    if on_cpu():
        return _one_by_one(program, step, images)
    return _looped(program, step, images, width)


def _one_by_one(program: Program, step: Step, images: np.ndarray | Feed) -> Call:
    """A call of the jitted step for each, since a processor pays little for starting one.

    XLA's loops run there at a third of that speed and less: measured, 43 images a second in a loop
    and 124 without (conv5 and deconv4, batch 32, two cores, JAX 0.10).
    """
    run = jax.jit(step, donate_argnums=0)

    def call(block: np.ndarray) -> np.ndarray:
        variables = _variables(program)
        state, rows = [v.value for v in variables], []
        batches = images.read(block) if isinstance(images, Feed) else (images[row] for row in block)
        for batch in batches:
            state, row = run(state, batch)
            rows.append(row)
        for variable, value in zip(variables, state, strict=True):
            variable.assign(value)
        return np.stack(rows)

    return call


def _looped(program: Program, step: Step, images: np.ndarray | Feed, width: int) -> Call:
    """Many steps in one jitted loop, so that an accelerator is not kept waiting for launches."""
    feed = images if isinstance(images, Feed) else None
    data = None if feed else jnp.asarray(images)

    # The count is traced, so that a call with fewer steps needs no compilation of its own.
    @partial(jax.jit, donate_argnums=0)
    def run(state: State, data: Any, block: Any, count: Any) -> tuple[State, Any]:
        def body(number: Any, carry: tuple[State, Any]) -> tuple[State, Any]:
            state, rows = carry
            batch = block[number] if data is None else data[block[number]]
            state, row = step(state, batch)
            return state, rows.at[number].set(row)

        rows = jnp.zeros((block.shape[0], width), "float32")
        return jax.lax.fori_loop(0, count, body, (state, rows))

    def call(block: np.ndarray) -> np.ndarray:
        variables = _variables(program)
        source = feed.read(block) if feed else block
        most = feed.most(block.shape[1]) if feed else MAX_STEPS
        padded = np.zeros((most, *source.shape[1:]), source.dtype)
        padded[: len(block)] = source
        state, rows = run([v.value for v in variables], data, padded, len(block))
        for variable, value in zip(variables, state, strict=True):
            variable.assign(value)
        # Cut here: on the device, each length would be compiled.
        return np.asarray(rows)[: len(block)]

    return call
