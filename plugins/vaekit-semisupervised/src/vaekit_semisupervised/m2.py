"""M2: a generative model of images and their classes, of which few need be known."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any

import keras
import vaekit
from annotated_types import Ge, Gt
from keras import layers, ops
from vaekit import distributions
from vaekit.distributions import LikelihoodName, likelihood_named

PARTS = ("encoder", "latent", "prior", "decoder", "classifier")


class M2(vaekit.Loss):
    """`labelled`, `unlabelled` and `classification`, in nats; see `m2`.

    Of held-out images it reports `accuracy`, too: 1 where the likeliest class is the image's.
    """

    posterior = prior = object
    minimises = "a bound on -log p(x, class) or, of no known class, -log p(x); + alpha x -log q"

    def __init__(self, likelihood: distributions.Likelihood, alpha: float, units: int) -> None:
        self.likelihood: distributions.Likelihood = likelihood
        self.scale = likelihood.scale
        self.alpha, self.units = alpha, units
        terms = dict.fromkeys(("labelled", "unlabelled", "classification"), 1.0)
        self.players = {"loss": vaekit.Player(PARTS, terms)}

    def classifier(self, image_shape: tuple[int, int, int], classes: int) -> keras.Model:
        """The logits of q(y|x): one hidden layer, as in the paper."""
        images = layers.Input(image_shape, name="classifier_input")
        x = layers.Flatten("channels_last", name="classifier_flatten")(images)
        x = layers.Dense(self.units, activation="softplus", name="classifier_hidden")(x)
        logits = layers.Dense(classes, dtype="float32", name="classifier_logits")(x)
        return keras.Model(images, logits, name="classifier")

    def __call__(self, x: Any, output: vaekit.VAEOutput) -> Mapping[str, Any]:
        log_q = ops.log_softmax(output.networks["classifier"](x), axis=-1)
        classes = log_q.shape[-1]
        has_label = ops.cast(output.labels >= 0, "float32")
        # Of -1 no class is picked, and the term is 0.
        log_q_label = ops.sum(ops.one_hot(output.labels, classes) * log_q, axis=-1)
        terms = {
            "labelled": has_label * self._negative_bound(x, output, classes),
            "unlabelled": (1.0 - has_label) * self._marginal(x, output, log_q),
            "classification": -self.alpha * log_q_label,
        }
        if not output.training:
            likeliest = ops.cast(ops.argmax(log_q, axis=-1), "int32")
            terms["accuracy"] = ops.cast(likeliest == output.labels, "float32")
        return terms

    def _marginal(self, x: Any, output: vaekit.VAEOutput, log_q: Any) -> Any:
        """sum_y q(y|x) L(x, y) - H(q(y|x)), `(B,)`: equation 7."""
        log_q = ops.transpose(log_q)  # a row for each class
        every = ops.arange(log_q.shape[0], dtype="int32")[:, None] + ops.zeros_like(output.labels)
        under = output.under(every)
        reconstruction = ops.reshape(
            under.reconstruction, (log_q.shape[0], -1, *under.reconstruction.shape[1:])
        )
        under = under._replace(reconstruction=reconstruction)
        bounds = self._negative_bound(x, under, log_q.shape[0])
        return ops.sum(ops.exp(log_q) * (bounds + log_q), axis=0)

    def _negative_bound(self, x: Any, output: vaekit.VAEOutput, classes: int) -> Any:
        """L(x, y) = -log p(x|y, z) - log p(y) + KL(q(z|x, y) || p(z)): equation 6."""
        log_prob = self.likelihood.log_prob(x, output.reconstruction)
        kl = ops.reshape(output.kl, ops.shape(log_prob))
        return kl - log_prob + math.log(classes)


def m2(
    *,
    alpha: Annotated[float, Ge(0)] = 50.0,
    units: Annotated[int, Ge(1)] = 500,
    likelihood: LikelihoodName = "bernoulli",
    sigma: Annotated[float, Gt(0)] = 0.1,
) -> vaekit.Loss:
    """A VAE given the class, and a classifier q(y|x) that stands in where no class is known.

    Kingma et al., "Semi-supervised Learning with Deep Generative Models" (arXiv:1406.5298),
    equations 6 to 9, all classes being equally probable. With L(x, y) = -E[log p(x|y, z)]
    - log p(y) + KL(q(z|x, y) || p(z)), an image with a label y has L(x, y) - alpha log q(y|x), one
    without sum_y q(y|x) L(x, y) - H(q(y|x)), the sum being over every class: each image is encoded
    and decoded once a class.

    Args:
        alpha: weight of the classifier's log q(y|x) of an image with a label. The paper's is 0.1 x
            images / images with a label: 50 for 100 of 50,000.
        units: of the classifier's hidden layer; 500 in the paper.
        likelihood: p(x|y, z) of a pixel.
        sigma: scale of a pixel's law, for the likelihoods that have one.
    """
    return M2(likelihood_named(likelihood, sigma), alpha, units)
