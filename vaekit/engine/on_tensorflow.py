"""Steps on TensorFlow: a loop inside one `tf.function`."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from vaekit.engine.adam_tensorflow import shared_step_size
from vaekit.engine.batch_norm_tensorflow import fused_batch_norm
from vaekit.engine.gray_tensorflow import gray_convolutions
from vaekit.engine.program import Program

# Any number of steps and any batch size without tracing again.
_BLOCK = tf.TensorSpec([None, None], tf.int32)


def compile_train(program: Program, images: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """See `vaekit.engine.base`."""
    data = tf.constant(images)
    objectives = program.objectives

    def step(indices: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape(persistent=len(objectives) > 1) as tape:
            losses, row = program.train_step(tf.gather(data, indices))
        # All gradients first, so that no objective sees what another has moved.
        gradients = [
            tape.gradient(loss, [variable.value for variable in objective.variables])
            for loss, objective in zip(losses, objectives, strict=True)
        ]
        for moves, objective in zip(gradients, objectives, strict=True):
            objective.optimizer.apply(moves, objective.variables)
        return row

    return _looped(step)


def compile_evaluate(program: Program, images: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """See `vaekit.engine.base`."""
    data = tf.constant(images)
    return _looped(lambda indices: program.eval_step(tf.gather(data, indices)))


def _looped(step: Callable[[tf.Tensor], tf.Tensor]) -> Callable[[np.ndarray], np.ndarray]:
    @tf.function(input_signature=[_BLOCK], autograph=False)
    def run(block: tf.Tensor) -> tf.Tensor:
        count = tf.shape(block)[0]

        def body(number: tf.Tensor, rows: tf.TensorArray) -> tuple[tf.Tensor, tf.TensorArray]:
            return number + 1, rows.write(number, step(block[number]))

        # One step at a time: the next one reads the weights that this one writes.
        _, rows = tf.while_loop(
            lambda number, _: number < count,
            body,
            (0, tf.TensorArray(tf.float32, size=count)),
            parallel_iterations=1,
        )
        return rows.stack()

    with shared_step_size(), fused_batch_norm(), gray_convolutions():
        traced = run.get_concrete_function()
    return lambda block: traced(tf.constant(block, tf.int32)).numpy()
