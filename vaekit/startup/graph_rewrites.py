"""TensorFlow's rewriting of graphs, without the rule that makes wrong ones."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


def leave_out_remapper() -> None:
    """Keep TensorFlow from putting one operation in the place of several, in this process.

    With oneDNN, TensorFlow 2.21 makes one operation of a convolution, its bias, an addition and a
    leaky ReLU, and gives that a slope of 0.2, whatever the layer's was: a residual net at rest
    then computes something else than it was trained to. No public switch leaves out this rule
    alone. XLA, eager TensorFlow and TensorFlow without oneDNN agree with the layers.
    """
    import tensorflow as tf

    tf.config.optimizer.set_experimental_options({"remapping": False})


@contextmanager
def stock_rewrites() -> Iterator[None]:
    """While entered, TensorFlow rewrites the graphs that it runs as it does where vaekit isn't."""
    import tensorflow as tf

    tf.config.optimizer.set_experimental_options({"remapping": True})
    try:
        yield
    finally:
        leave_out_remapper()


@contextmanager
def leaky_relus_that_last() -> Iterator[None]:
    """While entered, a graph that is traced has no leaky ReLU that the remapper could spoil.

    In its place is relu(x) - slope relu(-x), which is the same to the bit: a saved graph is then
    right in processes that know nothing of `leave_out_remapper`. In the graph's place for
    `tf.nn.leaky_relu`, since Keras's layers, activations and operations all come to it.
    """
    import tensorflow as tf

    def of_relus(features: Any, alpha: float = 0.2, name: str | None = None) -> Any:
        return tf.subtract(tf.nn.relu(features), alpha * tf.nn.relu(-features), name=name)

    stock, tf.nn.leaky_relu = tf.nn.leaky_relu, of_relus
    try:
        yield
    finally:
        tf.nn.leaky_relu = stock
