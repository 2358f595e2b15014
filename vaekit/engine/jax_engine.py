"""Steps on JAX: jitted functions of the values of all variables, in a loop or one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, Protocol

import jax
import jax.numpy as jnp
import keras
import numpy as np

from vaekit.engine.backend import Call, Engine, ForwardStep
from vaekit.engine.feed import Source
from vaekit.engine.lockstep import Lockstep
from vaekit.engine.program import Program
from vaekit.engine.slices import Taken, in_slices
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

        def of_slice(state: State, batch: Any, number: Any) -> tuple[Taken, State]:
            with workers.stepping(batch, number):
                return workers.kernels.try_out(lambda: gradients_of(state, batch))

        def gradients_of(state: State, batch: Any) -> tuple[Taken, State]:
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
            return Taken(gradients, row, [state[slot] for slot in assigned]), state

        def update(state: State, taken: Taken) -> tuple[State, Any]:
            weights = [[state[slot] for slot in places] for places in trained]
            taken = workers.averaged(taken)
            state = _with_values(state, assigned, taken.assigned)
            for number, objective in enumerate(program.objectives):
                tuned = [slots[id(variable)] for variable in objective.optimizer.variables]
                values, tuning = objective.optimizer.stateless_apply(
                    [state[slot] for slot in tuned], taken.gradients[number], weights[number]
                )
                state = _with_values(_with_values(state, trained[number], values), tuned, tuning)
            return state, taken.row

        def step(state: State, batch: Any) -> tuple[State, Any]:
            taken, state = of_slice(state, batch, 0)
            return update(state, taken)

        if workers.slices == 1:
            return _steps(program, step, source, workers.group.collective)

        restarted = [slots[id(variable)] for variable in workers.restarted]

        def added(state: State, batch: Any, number: Any, total: Taken) -> tuple[Taken, list[Any]]:
            taken, after = of_slice(state, batch, number)
            return total.plus(taken), [after[slot] for slot in restarted]

        def nothing(state: State) -> Taken:
            places = [*trained, assigned]
            *gradients, own = ([jnp.zeros_like(state[at]) for at in some] for some in places)
            return Taken(gradients, jnp.zeros(sum(program.columns.widths)), own)

        def finished(state: State, total: Taken, moved: list[Any]) -> tuple[State, Any]:
            return update(_with_values(state, restarted, moved), total.averaged(workers.slices))

        sliced = _Sliced(nothing, added, finished, workers.slices)
        if on_cpu():
            mapping: Any = workers.group.collective or _Alone()
            return _one_by_one(program, sliced.calls(mapping), source, mapping)
        return _steps(program, sliced.step, source, workers.group.collective)

    def forward(self, program: Program, step: ForwardStep, source: Source) -> Call:
        def pure(state: State, batch: Any) -> tuple[State, Any]:
            row, state = program.kernels.try_out(
                lambda: _stateless(program, state, lambda: step(batch))
            )
            return state, row

        return _steps(program, pure, source)


class _Sliced(NamedTuple):
    """A step whose batch is taken in slices, of pure functions.

    nothing: sums to begin with. added: to them, what is taken of one slice, and the values of what
        it moved. finished: the next state, and the row.
    """

    nothing: Callable[[State], Taken]
    added: Callable[[State, Any, Any, Taken], tuple[Taken, list[Any]]]
    finished: Callable[[State, Taken, list[Any]], tuple[State, Any]]
    slices: int

    def step(self, state: State, batch: Any) -> tuple[State, Any]:
        """Within one compiled function: a loop over slices."""
        slices = in_slices(batch, self.slices)

        def body(number: Any, carry: tuple[Taken, list[Any]]) -> tuple[Taken, list[Any]]:
            return self.added(state, _at(slices, number), number, carry[0])

        first = self.added(state, _at(slices, 0), 0, self.nothing(state))
        total, moved = jax.lax.fori_loop(1, self.slices, body, first)
        return self.finished(state, total, moved)

    def calls(self, workers: _Mapping) -> Callable[[State, Any], tuple[State, Any]]:
        """A compiled function for a slice, and one for the update: see `_one_by_one`."""
        begin = jax.jit(workers.mapped(self.nothing, (None,)))
        add = jax.jit(workers.mapped(self.added, (None, 0, None, None)), donate_argnums=3)
        finish = jax.jit(workers.mapped(self.finished, (None, None, None)), donate_argnums=0)

        def step(state: State, batch: Any) -> tuple[State, Any]:
            slices = in_slices(batch, self.slices)
            total, moved = begin(state), []
            for number in range(self.slices):
                part = workers.spread(_at(slices, number), 0)
                which = workers.spread(np.int32(number))
                total, moved = add(state, part, which, total)
            return finish(state, total, moved)

        return step


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
    if not on_cpu():
        return _looped(program, step, source, mapping)
    run = jax.jit(mapping.mapped(step, (None, 0)), donate_argnums=0)
    return _one_by_one(
        program, lambda state, batch: run(state, mapping.spread(batch, 0)), source, mapping
    )


def _one_by_one(program: Program, run: Step, source: Source, workers: _Mapping) -> Call:
    """A call of a jitted step for each, since a processor pays little for starting one.

    XLA's loops run there at a third of that speed and less: measured, 43 images a second in a loop
    and 124 without (conv5 and deconv4, batch 32, two cores, JAX 0.10).
    """
    held = source.with_labels(source.pixels, source.labels)

    def call(block: np.ndarray) -> np.ndarray:
        variables = _variables(program)
        state, rows = workers.spread([v.value for v in variables]), []
        read = source.read(block) if source.feed else None
        for number, indices in enumerate(block):
            batch = _at(held, indices) if read is None else _at(read, number)
            state, row = run(state, batch)
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
