"""A small net's step, to see whether torch's kernels work where they are."""

from __future__ import annotations

import keras
import torch
from keras import layers


def small_step() -> None:
    """One layer of each kind that a kernel stands in for: forward, back and an update.

    Raises what the kernels would in a step. Draws nothing, and numbers no name of Keras's.
    """
    alike = {"padding": "same", "kernel_initializer": "ones"}
    inputs = layers.Input((4, 4, 1), name="small")
    features = layers.Conv2D(16, 3, name="small_in", **alike)(inputs)
    features = layers.BatchNormalization(name="small_norm")(features)
    features = layers.Conv2DTranspose(16, 3, strides=2, name="small_larger", **alike)(features)
    features = layers.Conv2DTranspose(1, 3, name="small_out", **alike)(features)
    net = keras.Model(inputs, features, name="small_net")
    optimizer = keras.optimizers.Adam(name="small_adam")
    optimizer.build(net.trainable_variables)

    images = keras.ops.ones((2, 4, 4, 1), dtype="float32").requires_grad_()
    weights = [variable.value for variable in net.trainable_variables]
    total = net(images, training=True).sum()
    _, *gradients = torch.autograd.grad(total, [images, *weights])
    with torch.no_grad():
        optimizer.apply(gradients, net.trainable_variables)
