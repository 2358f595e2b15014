"""The variational autoencoder itself: two backbones, and a latent with its prior between them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cached_property, partial
from typing import Any

import keras
from keras import layers, ops

from vaekit.autodiff import gradient
from vaekit.distributions import Distribution, Likelihood, ParameterLikelihood, StandardNormal
from vaekit.errors import BuildError
from vaekit.latent import Given, Latent, Parameters, Prior
from vaekit.model.conditions import Condition
from vaekit.model.held_variables import variables_of
from vaekit.model.last_layer import gradient_in_last_layer
from vaekit.model.latent_decoder import decoder_of_latent, takes_vector
from vaekit.model.output_scale import add_sigmoid, unbounded_output
from vaekit.model.parameters import refuse_names
from vaekit.model.precision import TrainingPrecision
from vaekit.model.process_state import FLOAT32, built_in
from vaekit.types import Tensor, VAEOutput


class VAE:
    """A variational autoencoder, built from functional backbones and a latent.

    The models that users get hold stock Keras layers only, as far as the latent's do, so that they
    open wherever Keras is; they share their weights with what is trained. With a condition, each
    takes `[values, labels]`, labels being `(B, 1)`, int32.

    encoder: images `(B, H, W, C)` in [0, 1] -> z, in the latent's shape: a draw when called, the
        point under `predict`.
    decoder: z -> images, as means. likelihood_decoder: z -> what the loss works on.
    autoencoder: images -> images, through that z.
    posterior: images -> what the latent tells of their posteriors, in the order of
        `posterior_names`.
    heads: images -> the parameters of their posteriors, in the order of `parameter_names`.
    point: images -> the z that stands for each.

    latent_dim: how many values z has. latent_shape: the shape of z.
    scale, likelihood: what the loss works on, and where that is parameters, whose they are.
    point_name: what the point is called among what the posterior tells; `z` if it is none of that.
    takes_vector: whether the decoder that was given takes a vector, whatever z is.
    """

    def __init__(
        self,
        encoder: keras.Model,
        decoder: keras.Model,
        *,
        latent: Latent,
        prior: Prior | None = None,
        scale: str = "mean",
        likelihood: Likelihood | None = None,
        decoder_name: str = "",
        condition: Condition | None = None,
    ) -> None:
        self.latent = latent
        self.prior = prior
        self.condition = condition
        self.image_shape = tuple(encoder.inputs[0].shape[1:])
        self.scale = scale
        self._law = likelihood if isinstance(likelihood, ParameterLikelihood) else None

        inputs, features = encoder.inputs[0], encoder.outputs[0]
        if condition is not None:
            labels = condition.labels("encoder_labels")
            embedding = condition.embedding("encoder_label_code")
            features = condition.joined(features, embedding(labels), "encoder_condition")
            inputs = [inputs, labels]
        with built_in(FLOAT32):  # which densities and draws need, whatever the backbones take
            parameters = latent.heads(features)
            point, z = latent.point(parameters), latent.draw(parameters)
            encoded = latent.encoded(parameters)
        self.latent_shape = tuple(point.shape[1:])
        declared = tuple(latent.shape(tuple(features.shape[1:])))
        if self.latent_shape != declared:
            raise BuildError(
                f"The latent's point has the shape {self.latent_shape}, and by its `shape` z has "
                f"{declared}, for which the decoder was built: they must be the same."
            )
        self.latent_dim = math.prod(self.latent_shape)
        self.posterior_names = tuple(encoded)
        self.point_name = next((name for name, value in encoded.items() if value is point), "z")
        refuse_names(encoded, point)
        self.posterior = keras.Model(inputs, list(encoded.values()), name="posterior")
        self.point = keras.Model(inputs, point, name="point")
        self.encoder = keras.Model(inputs, z, name="encoder_model")
        self.parameter_names = tuple(parameters)
        self.heads = self.posterior
        if encoded is not parameters:
            self.heads = keras.Model(inputs, list(parameters.values()), name="heads")

        self.takes_vector = takes_vector(decoder)
        self._decoder_codes: Any = None
        if condition is not None:
            self._decoder_codes = condition.embedding("decoder_label_code")
        latents, means = decoder.inputs[0], decoder.outputs[0]
        if scale != "mean":
            raw = unbounded_output(decoder, decoder_name, scale)
            likelihood_decoder = keras.Model(latents, raw, name=f"decoder_{scale}")
            means = add_sigmoid(decoder, raw) if self._law is None else self._law.mean(raw)
        self.decoder = self._of_latent(keras.Model(latents, means, name="decoder_model"))
        self.likelihood_decoder = self.decoder
        if scale != "mean":
            self.likelihood_decoder = self._of_latent(likelihood_decoder)

        whole = layers.Input(self.image_shape, name="VAE_input")
        if condition is None:
            self.autoencoder = keras.Model(whole, self.decoder(self.encoder(whole)), name="VAE")
        else:
            both = [whole, condition.labels("VAE_labels")]
            decoded = self.decoder([self.encoder(both), both[1]])
            self.autoencoder = keras.Model(both, decoded, name="VAE")
        self._precision = TrainingPrecision(
            [self.autoencoder, self.posterior, self.likelihood_decoder]
        )
        self._training_call: Callable[[keras.Model, Any], Any] | None = None
        self._trained_through = False  # while a step that takes gradients goes by
        self._encoder_weights = encoder.trainable_variables
        if condition is not None:
            self._encoder_weights = [*self._encoder_weights, *embedding.trainable_variables]

    @property
    def code_shape(self) -> tuple[int, ...] | None:
        """The shape of the whole numbers by which a point is looked up; None where there are none.

        They are what the posterior tells as `latent.code_name`.
        """
        if self.latent.code_name is None:
            return None
        told = dict(zip(self.posterior_names, self.posterior.outputs, strict=True))
        return tuple(told[self.latent.code_name].shape[1:])

    def _of_latent(self, decoder: keras.Model) -> keras.Model:
        codes = self._decoder_codes
        return decoder_of_latent(decoder, self.latent_shape, self.condition, codes)

    @property
    def variables(self) -> list[keras.Variable]:
        """Weights and all other state of the model, in a stable order."""
        held = variables_of(self.latent, self.prior).variables
        return _each_once(self.autoencoder.variables, self.heads.variables, held)

    @property
    def trainable_variables(self) -> list[keras.Variable]:
        """The weights that training changes by gradient."""
        held = variables_of(self.latent, self.prior).trainable
        models = self.autoencoder.trainable_variables, self.heads.trainable_variables
        return _each_once(*models, held)

    @property
    def parts(self) -> dict[str, list[keras.Variable]]:
        """The weights that training changes, by the part that they are of.

        Those that a latent's own prior holds are the prior's, whatever else of the latent uses
        them.
        """
        encoder, decoder = self._encoder_weights, self.decoder.trainable_variables
        prior = variables_of(self.prior, self.latent.own_prior()).trainable
        others = {id(v) for part in (encoder, decoder, prior) for v in part}
        latent = [v for v in self.trainable_variables if id(v) not in others]
        return {"encoder": encoder, "latent": latent, "prior": prior, "decoder": decoder}

    @property
    def needs_loss_scaling(self) -> bool:
        """Whether training passes through float16, where small gradients vanish."""
        return self._precision.has_float16

    def call_in_training_by(self, call: Callable[[keras.Model, Any], Any]) -> None:
        """Let steps that take gradients call the nets through `call(model, inputs)`.

        It gives what `model(inputs, training=True)` does, and moves what that moves.
        """
        self._training_call = call

    def in_training_precision(self) -> AbstractContextManager[None]:
        """While entered, layers compute as they do in training."""
        return self._precision.active()

    def __call__(
        self,
        x: Tensor,
        noise: keras.random.SeedGenerator,
        *,
        training: bool,
        samples: int = 1,
        likelihood: Likelihood | None = None,
        labels: Tensor | None = None,
        parameters: Parameters | None = None,
    ) -> VAEOutput:
        """What the latent makes of images, and reconstructions on the scale asked for.

        All of them are float32; in training, the layers between compute as they were built to.

        likelihood: for latents that go by p(x|z). labels: `(B,)`, in a run with a condition.
        parameters: of the images' posteriors; None: those that the encoder gives.
        """
        with self._training() if training else nullcontext():
            return self.in_float32(
                x,
                noise,
                training=training,
                samples=samples,
                likelihood=likelihood,
                labels=labels,
                parameters=parameters,
            )

    @contextmanager
    def _training(self) -> Iterator[None]:
        before, self._trained_through = self._trained_through, True
        try:
            with self._precision.active():
                yield
        finally:
            self._trained_through = before

    def in_float32(
        self,
        x: Tensor,
        noise: keras.random.SeedGenerator,
        *,
        training: bool,
        samples: int = 1,
        likelihood: Likelihood | None = None,
        labels: Tensor | None = None,
        parameters: Parameters | None = None,
    ) -> VAEOutput:
        """The same, its layers computing as they do outside of training."""

        def under(others: Tensor) -> VAEOutput:
            return self.in_float32(
                ops.tile(x, (others.shape[0], 1, 1, 1)),
                noise,
                training=training,
                samples=samples,
                likelihood=likelihood,
                labels=ops.reshape(others, (-1,)),
            )

        def log_likelihood(z: Tensor) -> Tensor:
            assert likelihood is not None
            return likelihood.log_prob(x, self.decode(z, labels, training=False))

        def last_layer_gradient(f: Callable[[Tensor], Tensor]) -> Tensor:
            return gradient_in_last_layer(
                self.likelihood_decoder,
                lambda: self.decode(ops.stop_gradient(draw.z), labels, training=training),
                ops.stop_gradient(gradient(f, ops.stop_gradient(reconstruction))),
            )

        if parameters is None:
            parameters = self.parameters_of(x, labels, training=training)
        draw = self.latent.infer(
            parameters,
            Given(
                seed=noise,
                lead=() if samples == 1 else (samples,),
                training=training,
                prior=self.prior_distribution(None if labels is None else labels[:, None]),
                encode=self._parameters_of_any,
                log_likelihood=None if likelihood is None else log_likelihood,
                labels=labels,
            ),
        )
        reconstruction = self.decode(draw.z, labels, training=training)
        return VAEOutput(
            reconstruction,
            draw.posterior,
            draw.z,
            training=training,
            draw=draw._replace(kl=self._by_channel(draw.kl)),
            decode=partial(self.decode, labels=labels, training=training),
            seed=noise,
            labels=labels,
            under=None if labels is None else under,
            weights=_WhenAsked(lambda: self.parts),
            last_layer_gradient=last_layer_gradient,
        )

    def decode(self, z: Tensor, labels: Tensor | None = None, *, training: bool) -> Tensor:
        """Reconstructions `(..., B, H, W, C)` of flat z `(..., B, D)`, on the loss's scale.

        As parameters, they have as many channels as those are.
        """
        samples = z.shape[0] if len(z.shape) > 2 else None
        if len(self.latent_shape) > 1 or samples is not None:
            z = ops.reshape(z, (-1, *self.latent_shape))
        if labels is not None and samples is not None:
            labels = ops.tile(labels, (samples,))
        decoded = self._called(self.likelihood_decoder, self._with_labels(z, labels), training)
        if samples is not None:
            decoded = ops.reshape(decoded, (samples, -1, *decoded.shape[1:]))
        return ops.cast(decoded, FLOAT32)

    def prior_distribution(self, labels: Any = None) -> Distribution | None:
        """p(z), or p(z|labels) of labels `(B, 1)`; None where there is no prior."""
        own = self.latent.own_prior()
        if own is not None or self.prior is None:
            return own

        def posterior_of(images: Tensor) -> Distribution:
            return self.latent.posterior(self._parameters_of_any(images))

        if not self.prior.conditional:
            return self.prior.distribution(self.latent_dim, posterior_of)
        codes = None if labels is None else ops.squeeze(self._decoder_codes(labels), 1)
        return self.prior.distribution(self.latent_dim, posterior_of, codes)

    @property
    def has_standard_prior(self) -> bool:
        """Whether the prior is N(0, I)."""
        return isinstance(self.prior_distribution(), StandardNormal)

    @property
    def prior_takes_labels(self) -> bool:
        """Whether the prior goes by the class of an image."""
        return self.condition is not None and self.prior is not None and self.prior.conditional

    def mean_of(self, reconstruction: Tensor) -> Tensor:
        """Images from a reconstruction on the loss's scale."""
        if self._law is not None:
            return self._law.mean(reconstruction)
        return ops.sigmoid(reconstruction) if self.scale == "logits" else reconstruction

    def parameters_of(self, x: Tensor, labels: Tensor | None, *, training: bool) -> Parameters:
        """The parameters of the posteriors of images, by name, `(B, ...)`."""
        values = self._called(self.heads, self._with_labels(x, labels), training)
        values = values if isinstance(values, list | tuple) else [values]
        return dict(zip(self.parameter_names, values, strict=True))

    def _called(self, model: keras.Model, inputs: Any, training: bool) -> Any:
        if training and self._trained_through and self._training_call is not None:
            return self._training_call(model, inputs)
        return model(inputs, training=training)

    def _parameters_of_any(self, images: Tensor) -> Mapping[str, Tensor]:
        """Parameters of images that are none of the data's, at rest.

        With a condition, each class in turn is theirs.
        """
        labels = None
        if self.condition is not None:
            labels = ops.mod(ops.arange(images.shape[0], dtype="int32"), self.condition.classes)
        return self.parameters_of(images, labels, training=False)

    def _with_labels(self, values: Tensor, labels: Tensor | None) -> Any:
        return values if labels is None else [values, labels[:, None]]

    def _by_channel(self, kl: Tensor) -> Tensor:
        """The KL of a map's every value summed over places, `(B, C)`; other units as they are."""
        if len(self.latent_shape) == 1 or kl.shape[-1] != self.latent_dim:
            return kl
        return ops.sum(ops.reshape(kl, (-1, self.latent_dim // self._channels, self._channels)), 1)

    @property
    def _channels(self) -> int:
        return self.latent_shape[-1]


def _each_once(*lists: list[keras.Variable]) -> list[keras.Variable]:
    return list({id(variable): variable for some in lists for variable in some}.values())


class _WhenAsked(Mapping[str, list[keras.Variable]]):
    """The weights of each part; they are looked for when a loss asks, since few do."""

    def __init__(self, parts: Callable[[], dict[str, list[keras.Variable]]]) -> None:
        self._look = parts

    @cached_property
    def _parts(self) -> dict[str, list[keras.Variable]]:
        return self._look()

    def __getitem__(self, part: str) -> list[keras.Variable]:
        return self._parts[part]

    def __iter__(self) -> Iterator[str]:
        return iter(self._parts)

    def __len__(self) -> int:
        return len(self._parts)
