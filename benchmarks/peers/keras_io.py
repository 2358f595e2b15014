"""keras.io's VAE example's way of training: a model with a `train_step` of its own, on TensorFlow.

The example is "Variational AutoEncoder" by F. Chollet, https://keras.io/examples/generative/vae/.
The nets and the loss are the tutorial's.
"""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf
from keras import ops
from repaired_tutorial import decoder, encoder, reconstruction_loss

from peers.interface import LEARNING_RATE, Done, Job, Refused
from peers.keras_fit import Fit
from peers.nets import half


class _VAE(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.encoder, self.decoder = encoder(), decoder()
        self.noise = keras.random.SeedGenerator(0)
        self.total_loss_tracker = keras.metrics.Mean(name="loss")
        self.reconstruction_loss_tracker = keras.metrics.Mean(name="reconstruction_loss")
        self.kl_loss_tracker = keras.metrics.Mean(name="kl_loss")

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        return [
            self.total_loss_tracker,
            self.reconstruction_loss_tracker,
            self.kl_loss_tracker,
        ]

    def train_step(self, data: Any) -> dict[str, Any]:
        with tf.GradientTape() as tape:
            mu, log_variance = (ops.cast(t, "float32") for t in self.encoder(data, training=True))
            noise = keras.random.normal(ops.shape(mu), seed=self.noise)
            z = mu + ops.exp(log_variance / 2) * noise
            y = ops.cast(self.decoder(z, training=True), "float32")
            reconstruction = ops.mean(reconstruction_loss(data, y))
            kl = 0.5 * ops.sum(mu**2 + ops.exp(log_variance) - 1 - log_variance, axis=1)
            total = reconstruction + ops.mean(kl)
        gradients = tape.gradient(total, self.trainable_weights)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_weights, strict=True))
        self.total_loss_tracker.update_state(total)
        self.reconstruction_loss_tracker.update_state(reconstruction)
        self.kl_loss_tracker.update_state(ops.mean(kl))
        return {metric.name: metric.result() for metric in self.metrics}


class Peer(Fit):
    """`fit` on images alone."""

    @classmethod
    def check(cls, precision: str, backend: str) -> None:
        if backend != "tensorflow":
            raise Refused("The peer keras-io is written for TensorFlow: ask for that backend.")
        if precision == "mixed_float16":
            raise Refused("The peer keras-io has no loss scaling, so it can't do mixed_float16.")

    def __init__(self, job: Job) -> None:
        keras.config.set_dtype_policy(job.precision)
        model = _VAE()
        model.encoder.set_weights(half(job.weights, "encoder"))
        model.decoder.set_weights(half(job.weights, "decoder"))
        model.compile(optimizer=keras.optimizers.Adam(LEARNING_RATE))
        super().__init__(model, job)

    def steps(self, count: int) -> Done:
        return self.fitted(self.some(count))
