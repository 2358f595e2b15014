"""TensorFlow's rewriting of graphs, without the rule that makes wrong ones."""

from __future__ import annotations


def leave_out_remapper() -> None:
    """Keep TensorFlow from putting one operation in the place of several, in this process.

    With oneDNN, TensorFlow 2.21 makes one operation of a convolution, its bias, an addition and a
    leaky ReLU, and gives that a slope of 0.2, whatever the layer's was: a residual net at rest
    then computes something else than it was trained to. No public switch leaves out this rule
    alone. XLA, eager TensorFlow and TensorFlow without oneDNN agree with the layers.
    """
    import tensorflow as tf

    tf.config.optimizer.set_experimental_options({"remapping": False})
