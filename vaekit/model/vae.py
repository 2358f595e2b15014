"""The variational autoencoder itself: two backbones, two heads and a sample between them."""

from __future__ import annotations

from contextlib import nullcontext

import keras
from keras import layers

from vaekit.distributions import Posterior, sample_normal
from vaekit.model.output_scale import add_sigmoid, logits_of
from vaekit.model.precision import TrainingPrecision
from vaekit.model.process_state import FLOAT32, built_in
from vaekit.model.sampling import sampled
from vaekit.types import Tensor, VAEOutput


class VAE:
    """A variational autoencoder, built from functional backbones.

    The three models that users get hold stock Keras layers only, so that they open wherever Keras
    is; they share their weights with what is trained.

    encoder: images `(B, H, W, C)` in [0, 1] -> z, `(B, latent_dim)`: a draw when called, the
        posterior's mean under `predict`.
    decoder: z -> images, as means.
    autoencoder: images -> images, through that z.
    posterior: images -> `z_mean`, `z_log_var`.
    """

    def __init__(
        self,
        encoder: keras.Model,
        decoder: keras.Model,
        *,
        latent_dim: int,
        scale: str = "mean",
        decoder_name: str = "",
    ) -> None:
        self.latent_dim = latent_dim
        self.image_shape = tuple(encoder.inputs[0].shape[1:])
        self.scale = scale

        images = encoder.inputs[0]
        features = layers.Flatten("channels_last", name="encoder_flatten")(encoder.outputs[0])
        with built_in(FLOAT32):  # which the KL and the draws need, whatever the backbones take
            z_mean = layers.Dense(latent_dim, name="encoder_mu")(features)
            z_log_var = layers.Dense(latent_dim, name="encoder_log_variance")(features)
            z = sampled(z_mean, z_log_var, name="encoder_output", prefix="encoder")
        self.posterior = keras.Model(images, [z_mean, z_log_var], name="posterior")
        self.encoder = keras.Model(images, z, name="encoder_model")

        latents = decoder.inputs[0]
        if scale == "logits":
            logits = logits_of(decoder, decoder_name)
            self._likelihood_decoder = keras.Model(latents, logits, name="decoder_logits")
            means = add_sigmoid(decoder, logits)
            self.decoder = keras.Model(latents, means, name="decoder_model")
        else:
            self.decoder = keras.Model(latents, decoder.outputs[0], name="decoder_model")
            self._likelihood_decoder = self.decoder

        whole = layers.Input(self.image_shape, name="VAE_input")
        self.autoencoder = keras.Model(whole, self.decoder(self.encoder(whole)), name="VAE")
        self._precision = TrainingPrecision(
            [self.autoencoder, self.posterior, self._likelihood_decoder]
        )

    @property
    def variables(self) -> list[keras.Variable]:
        """Weights and the random state of every layer, in a stable order."""
        return self.autoencoder.variables

    @property
    def trainable_variables(self) -> list[keras.Variable]:
        """The weights that training changes by gradient."""
        return self.autoencoder.trainable_variables

    @property
    def needs_loss_scaling(self) -> bool:
        """Whether training passes through float16, where small gradients vanish."""
        return self._precision.has_float16

    def __call__(
        self,
        x: Tensor,
        noise: keras.random.SeedGenerator,
        *,
        training: bool,
        samples: int = 1,
    ) -> VAEOutput:
        """q(z|x), draws of z from it and their reconstructions, on the scale asked for.

        All of them are float32; in training, the layers between compute as they were built to.
        """
        with self._precision.active() if training else nullcontext():
            return self.in_float32(x, noise, training=training, samples=samples)

    def in_float32(
        self,
        x: Tensor,
        noise: keras.random.SeedGenerator,
        *,
        training: bool,
        samples: int = 1,
    ) -> VAEOutput:
        """The same, its layers computing as they do outside of training."""
        posterior = Posterior(*self.posterior(x, training=training))
        z = sample_normal(posterior, noise, samples)
        if samples == 1:
            reconstruction = self._likelihood_decoder(z, training=training)
        else:
            flat = keras.ops.reshape(z, (-1, self.latent_dim))
            decoded = self._likelihood_decoder(flat, training=training)
            reconstruction = keras.ops.reshape(decoded, (samples, -1, *self.image_shape))
        return VAEOutput(keras.ops.cast(reconstruction, FLOAT32), posterior, z)

    def mean_of(self, reconstruction: Tensor) -> Tensor:
        """Images from a reconstruction on the loss's scale."""
        return keras.ops.sigmoid(reconstruction) if self.scale == "logits" else reconstruction
