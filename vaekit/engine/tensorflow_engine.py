"""Steps on TensorFlow: a loop inside one `tf.function`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from vaekit.engine.backend import Call, Engine, ForwardStep
from vaekit.engine.feed import Source
from vaekit.engine.lockstep import Lockstep
from vaekit.engine.program import Batch, Program
from vaekit.engine.slices import Taken, in_slices, slice_at
from vaekit.kernels import ActiveKernels


class TensorFlowEngine(Engine):
    """One traced graph, in which a loop does the steps."""

    def train(self, program: Program, source: Source, workers: Lockstep) -> Call:
        objectives = program.objectives

        def gradients_of(batch: Batch) -> Taken:
            with tf.GradientTape(persistent=len(objectives) > 1) as tape:
                losses, row = program.train_step(batch)
            # All gradients first, so that no objective sees what another has moved.
            gradients = [
                tape.gradient(loss, [variable.value for variable in objective.variables])
                for loss, objective in zip(losses, objectives, strict=True)
            ]
            return Taken(gradients, row, [variable.value for variable in workers.assigned])

        def of_slice(batch: Batch, number: Any = 0) -> Taken:
            with workers.stepping(batch, number):
                return gradients_of(batch)

        def step(batch: Batch) -> tf.Tensor:
            if workers.slices == 1:
                taken = of_slice(batch)
            else:
                taken = _by_slices(of_slice, batch, program, workers)
            taken = workers.averaged(taken)
            for moves, objective in zip(taken.gradients, objectives, strict=True):
                objective.optimizer.apply(moves, objective.variables)
            for variable, value in zip(workers.assigned, taken.assigned, strict=True):
                variable.assign(value)
            return taken.row

        if not program.xla:
            return _looped(step, source, workers.kernels)
        # The step, not the loop: XLA compiles anew for each number of steps a call.
        compiled = tf.function(step, jit_compile=True, autograph=False)
        # It fuses Keras's own, and knows no operation that the kit's goes by on a processor.
        # From the same seed it draws other noise.
        kernels = workers.kernels.without("keras.layers.BatchNormalization.call")
        return _looped(compiled, source, kernels)

    def forward(self, program: Program, step: ForwardStep, source: Source) -> Call:
        return _looped(step, source, program.kernels)


def _by_slices(
    of_slice: Callable[[Batch, Any], Taken], batch: Batch, program: Program, workers: Lockstep
) -> Taken:
    """The mean over a batch's slices, in a loop: side by side, they would take a batch's memory."""
    slices = in_slices(batch, workers.slices)
    before = [tf.identity(variable.value) for variable in workers.restarted]
    moved = [objective.variables for objective in program.objectives]
    nothing = Taken(
        [_zeros(variables) for variables in moved],
        tf.zeros([sum(program.columns.widths)]),
        _zeros(workers.assigned),
    )

    def body(number: Any, total: Taken) -> tuple[Any, Taken]:
        for variable, value in zip(workers.restarted, before, strict=True):
            variable.assign(value)
        taken = of_slice(slice_at(slices, number), number)
        # Embeddings have sparse gradients, and what nothing uses has none.
        gradients = [
            [
                zero if part is None else tf.convert_to_tensor(part)
                for part, zero in zip(parts, zeros, strict=True)
            ]
            for parts, zeros in zip(taken.gradients, nothing.gradients, strict=True)
        ]
        return number + 1, total.plus(taken._replace(gradients=gradients))

    _, total = tf.while_loop(
        lambda number, _: number < workers.slices, body, (0, nothing), parallel_iterations=1
    )
    return total.averaged(workers.slices)


def _zeros(variables: list[Any]) -> list[tf.Tensor]:
    return [tf.zeros_like(variable.value) for variable in variables]


def _looped(step: ForwardStep, source: Source, kernels: ActiveKernels) -> Call:
    to_block, signature, to_batch = _batches(source)

    def run(block: Any) -> tf.Tensor:
        count = tf.shape(tf.nest.flatten(block)[0])[0]

        def body(number: tf.Tensor, rows: tf.TensorArray) -> tuple[tf.Tensor, tf.TensorArray]:
            return number + 1, rows.write(number, step(to_batch(block, number)))

        # One step at a time: the next one reads the weights that this one writes.
        _, rows = tf.while_loop(
            lambda number, _: number < count,
            body,
            (0, tf.TensorArray(tf.float32, size=count)),
            parallel_iterations=1,
        )
        return rows.stack()

    def trace() -> Any:
        # A function of its own each time, which knows of no earlier trace.
        function = tf.function(run, input_signature=[signature], autograph=False)
        return function.get_concrete_function()

    traced = kernels.try_out(trace)
    return lambda indices: traced(to_block(indices)).numpy()


def _batches(source: Source) -> tuple[Any, Any, Callable[[Any, Any], Batch]]:
    """What makes a call's block of its indices, what a block is, and its batch of one row of it.

    Any number of steps and any batch size go without tracing again.
    """
    label = tf.TensorSpec([None, None], tf.int32)
    feed = source.feed
    if feed is not None:
        block = source.with_labels(tf.TensorSpec([None, None, *feed.shape], feed.dtype), label)
        return (
            lambda indices: tf.nest.map_structure(tf.constant, source.read(indices)),
            block,
            lambda read, number: tf.nest.map_structure(lambda part: part[number], read),
        )
    held = tf.nest.map_structure(tf.constant, source.with_labels(source.pixels, source.labels))
    return (
        lambda indices: tf.constant(indices, tf.int32),
        label,
        lambda indices, number: tf.nest.map_structure(
            lambda part: tf.gather(part, indices[number]), held
        ),
    )
