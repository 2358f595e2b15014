"""A trained model as samplers see it: where its z lies, and the codes of images."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from keras import ops

from vaekit.distributions import Distribution
from vaekit.model.chunks import run_model
from vaekit.model.prior_model import prior_draws
from vaekit.model.vae import VAE
from vaekit.sampler import Encodings, LatentSpace
from vaekit.types import Pixels, Tensor


def latent_space(vae: VAE) -> LatentSpace:
    """What samplers are told of a model; its laws are those of the weights that it then has."""

    def draws(count: int, seed: int, temperature: float, labels: np.ndarray | None) -> np.ndarray:
        return prior_draws(vae, count, seed, labels, temperature)

    def posterior(parameters: Mapping[str, Tensor]) -> Distribution:
        tensors = {name: ops.convert_to_tensor(value) for name, value in parameters.items()}
        return vae.latent.posterior(tensors)

    return LatentSpace(
        shape=vae.latent_shape,
        support=vae.latent.support,
        classes=None if vae.condition is None else vae.condition.classes,
        prior_law=vae.prior_distribution,
        prior_draws=draws,
        posterior=posterior,
        code_shape=vae.code_shape,
        looked_up=None if vae.code_shape is None else vae.latent.looked_up,
        code_name=vae.latent.code_name,
        code_sizes=tuple(vae.latent.code_sizes),
        free_parameters=vae.latent.free_parameters,
    )


def encodings_of(
    vae: VAE, pixels: Pixels, labels: np.ndarray | None, *, posterior: bool
) -> Encodings:
    """The codes of images `(N, H, W, C)`, by the model at rest.

    labels: the class of each, in a run with a condition. posterior: whether to tell the parameters
        of their posteriors, too.
    """
    (points,) = run_model(vae.point, pixels, labels)
    parameters = {}
    if posterior:
        parameters = dict(
            zip(vae.parameter_names, run_model(vae.heads, pixels, labels), strict=True)
        )
    codes, name = None, vae.latent.code_name
    if name is not None:
        told = zip(vae.posterior_names, run_model(vae.posterior, pixels, labels), strict=True)
        codes = dict(told)[name]
    classes = None if labels is None else np.asarray(labels, "int32")
    return Encodings(points, parameters, classes, codes)
