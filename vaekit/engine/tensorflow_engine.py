"""Steps on TensorFlow: a loop inside one `tf.function`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from vaekit.engine.backend import Call, Engine, ForwardStep
from vaekit.engine.feed import Feed
from vaekit.engine.program import Program
from vaekit.kernels import ActiveKernels


class TensorFlowEngine(Engine):
    """One traced graph, in which a loop does the steps."""

    def train(self, program: Program, images: np.ndarray | Feed) -> Call:
        objectives = program.objectives

        def step(batch: tf.Tensor) -> tf.Tensor:
            with tf.GradientTape(persistent=len(objectives) > 1) as tape:
                losses, row = program.train_step(batch)
            # All gradients first, so that no objective sees what another has moved.
            gradients = [
                tape.gradient(loss, [variable.value for variable in objective.variables])
                for loss, objective in zip(losses, objectives, strict=True)
            ]
            for moves, objective in zip(gradients, objectives, strict=True):
                objective.optimizer.apply(moves, objective.variables)
            return row

        return _looped(step, images, program.kernels)

    def forward(self, program: Program, step: ForwardStep, images: np.ndarray | Feed) -> Call:
        return _looped(step, images, program.kernels)


def _looped(step: ForwardStep, images: np.ndarray | Feed, kernels: ActiveKernels) -> Call:
    to_block, signature, to_batch = _source(images)

    def run(block: tf.Tensor) -> tf.Tensor:
        count = tf.shape(block)[0]

        def body(number: tf.Tensor, rows: tf.TensorArray) -> tuple[tf.Tensor, tf.TensorArray]:
            return number + 1, rows.write(number, step(to_batch(block[number])))

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


def _source(images: np.ndarray | Feed) -> tuple[Any, tf.TensorSpec, Callable[[Any], tf.Tensor]]:
    """What makes a call's block of its indices, what a block is, and its batch of one row of it.

    Any number of steps and any batch size go without tracing again.
    """
    if isinstance(images, Feed):
        block = tf.TensorSpec([None, None, *images.shape], images.dtype)
        return lambda indices: tf.constant(images.read(indices)), block, lambda batch: batch
    data = tf.constant(images)
    return (
        lambda indices: tf.constant(indices, tf.int32),
        tf.TensorSpec([None, None], tf.int32),
        lambda row: tf.gather(data, row),
    )
