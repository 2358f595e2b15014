"""Steps on JAX: jitted functions of the values of all variables, in a loop or one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

import jax
import jax.numpy as jnp
import keras
import numpy as np

from vaekit.engine.backend import Call, Engine, ForwardStep
from vaekit.engine.feed import Source
from vaekit.engine.lockstep import Lockstep, Taken
from vaekit.engine.program import Program
from vaekit.startup import on_cpu

State = list[Any]  # values of `program.state`, in that order
Step = Callable[[State, Any], tuple[State, Any]]


class JaxEngine(Engine):
    """Jitted functions from all variables' values to their next; XLA fuses Keras's arithmetic."""

    def train(self, program: Program, source: Source, workers: Lockstep) -> Call:
        slots = {id(variable): slot for slot, variable in enumerate(program.state)}
        trained = [[slots[id(v)] for v in objective.variables] for objective in program.objectives]

        def losses_of(weights: list[list[Any]], state: State, batch: Any) -> tuple[list[Any], Any]:
            for places, values in zip(trained, weights, strict=True):
                state = _with_values(state, places, values)
            (losses, row), state = _stateless(program, state, lambda: program.train_step(batch))
            return losses, (row, state)

        assigned = [slots[id(variable)] for variable in workers.assigned]

        def step(state: State, batch: Any) -> tuple[State, Any]:
            with workers.stepping(batch):
                return workers.kernels.try_out(lambda: stepped(state, batch))

        def stepped(state: State, batch: Any) -> tuple[State, Any]:
            weights = [[state[slot] for slot in places] for places in trained]
            losses, pull, (row, state) = jax.vjp(
                lambda weights: losses_of(weights, state, batch), weights, has_aux=True
            )
            gradients = []
            for number, _ in enumerate(program.objectives):
                # The gradient of this objective's loss alone, in its own weights alone.
                seeds = [jnp.ones_like(loss) * (at == number) for at, loss in enumerate(losses)]
                (all_gradients,) = pull(seeds)
                gradients.append(all_gradients[number])
            taken = workers.averaged(Taken(gradients, row, [state[slot] for slot in assigned]))
            state = _with_values(state, assigned, taken.assigned)
            for number, objective in enumerate(program.objectives):
                tuned = [slots[id(variable)] for variable in objective.optimizer.variables]
                values, tuning = objective.optimizer.stateless_apply(
                    [state[slot] for slot in tuned], taken.gradients[number], weights[number]
                )
                state = _with_values(_with_values(state, trained[number], values), tuned, tuning)
            return state, taken.row

        return _steps(program, step, source, workers.group.collective)

    def forward(self, program: Program, step: ForwardStep, source: Source) -> Call:
        def pure(state: State, batch: Any) -> tuple[State, Any]:
            row, state = program.kernels.try_out(
                lambda: _stateless(program, state, lambda: step(batch))
            )
            return state, row

        return _steps(program, pure, source)


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


class _Mapping(Protocol):
    """How a function of arrays comes to all workers, and arrays to it and back."""

    def mapped(self, step: Callable[..., Any], shared: Sequence[int | None]) -> Callable[..., Any]:
        """`step` on all workers; `shared` says of each argument along which axis, if it is."""

    def spread(self, arrays: Any, axis: int | None = None) -> Any:
        """This worker's part of an argument."""

    def own(self, arrays: Any) -> Any:
        """What it gives, here."""


class _Alone:
    """Of one worker: all as it is."""

    def mapped(self, step: Callable[..., Any], shared: Sequence[int | None]) -> Callable[..., Any]:
        return step

    def spread(self, arrays: Any, axis: int | None = None) -> Any:
        return arrays

    def own(self, arrays: Any) -> Any:
        return arrays


def _steps(program: Program, step: Step, source: Source, workers: Any = None) -> Call:
    mapping: _Mapping = workers or _Alone()
    return (_one_by_one if on_cpu() else _looped)(program, step, source, mapping)


def _one_by_one(program: Program, step: Step, source: Source, workers: _Mapping) -> Call:
    """A call of the jitted step for each, since a processor pays little for starting one.

    XLA's loops run there at a third of that speed and less: measured, 43 images a second in a loop
    and 124 without (conv5 and deconv4, batch 32, two cores, JAX 0.10).
    """
    run = jax.jit(workers.mapped(step, (None, 0)), donate_argnums=0)
    held = source.with_labels(source.pixels, source.labels)

    def call(block: np.ndarray) -> np.ndarray:
        variables = _variables(program)
        state, rows = workers.spread([v.value for v in variables]), []
        read = source.read(block) if source.feed else None
        for number, indices in enumerate(block):
            batch = _at(held, indices) if read is None else _at(read, number)
            state, row = run(state, workers.spread(batch, 0))
            rows.append(row)
        for variable, value in zip(variables, workers.own(state), strict=True):
            variable.assign(value)
        return np.stack(workers.own(rows))

    return call


def _at(arrays: Any, which: Any) -> Any:
    """A batch: of each of its arrays, those that an index or indices name."""
    return jax.tree.map(lambda array: array[which], arrays)


def _looped(program: Program, step: Step, source: Source, workers: _Mapping) -> Call:
    """Many steps in one jitted loop, so that an accelerator is not kept waiting for launches.

    XLA knows how many steps a loop has, so the accelerator asks nobody whether to go on. Each count
    is a program of its own; for there to be few, a block is done in powers of two.
    """
    feed = source.feed
    held = None
    if feed is None:
        arrays = jax.tree.map(jnp.asarray, source.with_labels(source.pixels, source.labels))
        held = workers.spread(arrays)
    step = jax.jit(step)  # traced once for the loops of all counts

    def loop(state: State, held: Any, block: Any) -> tuple[State, Any]:
        # Fused with nothing around it: that differs by count, since XLA leaves no loop of one step,
        # and with it rounding would.
        apart = jax.lax.optimization_barrier

        def body(state: State, batch: Any) -> tuple[State, Any]:
            return apart(step(*apart((state, batch if held is None else _at(held, batch)))))

        return jax.lax.scan(body, state, block)

    run = jax.jit(workers.mapped(loop, (None, None, 1)), donate_argnums=0)

    def call(block: np.ndarray) -> np.ndarray:
        variables = _variables(program)
        state, rows = workers.spread([v.value for v in variables]), []
        read = source.read(block) if feed else block
        for part in _powers_of_two(len(block)):
            state, row = run(state, held, workers.spread(_at(read, part), 1))
            rows.append(row)
        for variable, value in zip(variables, workers.own(state), strict=True):
            variable.assign(value)
        return np.concatenate(workers.own(rows))

    return call


def _powers_of_two(count: int) -> Iterator[slice]:
    """Parts of `count` steps, the largest first, of as many as its bits say."""
    at = 0
    for bit in reversed(range(count.bit_length())):
        if count >> bit & 1:
            yield slice(at, at + 2**bit)
            at += 2**bit
