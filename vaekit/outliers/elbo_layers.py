"""Minus the ELBO by stock Keras layers, its draws of z held within the model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import numpy as np
from keras import layers, ops

from vaekit.distributions import DiagonalNormal, Likelihood
from vaekit.errors import UserError
from vaekit.latent import Latent
from vaekit.outliers.calibration_file import Calibration
from vaekit.outliers.scores.elbo import ElboScore
from vaekit.outliers.scores.score import start_of
from vaekit.outliers.squares import sum_of, sum_of_squares
from vaekit.wording import option_text

if TYPE_CHECKING:
    from vaekit.run import Run

_CLOSE = 1e-4  # of the largest value: what float32 adds up to in another order


def minus_elbo(run: Run, calibration: Calibration, inputs: list[Any]) -> Any:
    """KL(q(z|x) || N(0, I)) - 1/K sum_k log p(x|z_k), `(B, 1)`, at the z_k that the score draws.

    Raises `UserError` unless the posterior is a diagonal normal, the prior N(0, I), and log p(x|z)
    a squared error or a cross-entropy.
    """
    vae, score = run.model, calibration.score
    assert isinstance(score, ElboScore)
    parameters = _parameters(run, inputs)
    mean, log_var = parameters
    z_shape = tuple(mean.shape[1:])
    noise = _noise(calibration.record.seed, score.draws, run.latent_dim)
    form = _form(run, vae.image_shape)
    half = layers.Rescaling(0.5, name="score_half_log_variance")(log_var)
    deviation = layers.Activation("exponential", name="score_deviation")(half)
    terms = []
    for number, values in enumerate(noise):
        step = layers.Rescaling(values.reshape(z_shape).tolist(), name=f"score_noise_{number}")
        z = layers.Add(name=f"score_z_{number}")([mean, step(deviation)])
        decoded = vae.likelihood_decoder([z, inputs[1]] if len(inputs) > 1 else z)
        terms.append(form(inputs[0], decoded, f"score_term_{number}"))
    distortion = layers.Average(name="score_distortion")(terms) if len(terms) > 1 else terms[0]
    return layers.Add(name="score_sum")([distortion, _kl(mean, log_var)])


def _parameters(run: Run, inputs: list[Any]) -> tuple[Any, Any]:
    """Mean and log-variance of q(z|x), in the latent's shape."""
    vae = run.model
    values = vae.heads(inputs if len(inputs) > 1 else inputs[0])
    values = values if isinstance(values, list | tuple) else [values]
    posterior = vae.latent.posterior(
        {n: ops.ones((1, *v.shape[1:])) for n, v in zip(vae.parameter_names, values, strict=True)}
    )
    names = dict(zip(vae.parameter_names, values, strict=True))
    plain = type(vae.latent).infer is Latent.infer and vae.has_standard_prior
    if not (plain and isinstance(posterior, DiagonalNormal) and set(names) == set(_FIELDS)):
        raise UserError(
            "The score 'elbo' is exported of a diagonal normal posterior and the prior N(0, I), "
            f"and the latent {run.record.parts['latent'].name!r} with its prior gives others. "
            f"Calibrate and export another score: {option_text('score', 'reconstruction')}."
        )
    return names["z_mean"], names["z_log_var"]


_FIELDS = DiagonalNormal._fields


def _noise(seed: int, draws: int, size: int) -> np.ndarray:
    """The draws `(K, D)` of `ElboScore`, which begin anew for each image."""
    generator = keras.random.SeedGenerator(seed)
    generator.state.assign(start_of(seed))
    return ops.convert_to_numpy(keras.random.normal((draws, 1, size), seed=generator))[:, 0]


def _kl(mean: Any, log_var: Any) -> Any:
    """0.5 sum(mu^2 + exp(log_var) - 1 - log_var), `(B, 1)`."""
    variance = layers.Activation("exponential", name="score_variance")(log_var)
    rest = layers.Rescaling(-1.0, -1.0, name="score_minus_log_variance")(log_var)
    others = sum_of(layers.Add(name="score_kl_terms")([variance, rest]), "score_kl_rest")
    whole = layers.Add(name="score_kl_twice")([sum_of_squares(mean, "score_kl_mean"), others])
    return layers.Rescaling(0.5, name="score_kl")(whole)


def _form(run: Run, image_shape: tuple[int, ...]) -> Any:
    """A function (x, decoded, name) -> -log p(x|z), `(B, 1)`, of stock layers.

    Which of the two forms the likelihood has is asked of its values, not of its name.
    """
    likelihood = run.trained_model().likelihood
    assert likelihood is not None
    rng = np.random.default_rng(0)
    x = rng.random((4, *image_shape), "float32")
    try:
        decoded = rng.normal(0.5, 1.0, (4, *image_shape)).astype("float32")
        expected = _log_prob(likelihood, x, decoded)
        constant = float(_log_prob(likelihood, 0 * x, 0 * x)[0])
        slope = (float(_log_prob(likelihood, 0 * x, 0 * x + 1.0)[0]) - constant) / x[0].size
    except Exception:  # of parameters that are more than an image's channels
        expected, constant, slope = np.full(4, np.nan), 0.0, 0.0
    squares = np.square(x - decoded).sum(axis=(1, 2, 3))
    if _equal(constant + slope * squares, expected):
        return lambda x, decoded, name: layers.Rescaling(-slope, -constant, name=name)(
            sum_of_squares(
                layers.Subtract(name=f"{name}_error")([x, decoded]), f"{name}_squared_error"
            )
        )
    entropy = np.logaddexp(0.0, decoded.astype("float64")) - x * decoded
    if _equal(-entropy.sum(axis=(1, 2, 3)), expected):
        return _cross_entropy
    raise UserError(
        "The score 'elbo' is exported where -log p(x|z) is a squared error or a cross-entropy, and "
        f"the loss {run.record.parts['loss'].name!r} has another law. Calibrate and export another "
        f"score: {option_text('score', 'reconstruction')}."
    )


def _cross_entropy(x: Any, logits: Any, name: str) -> Any:
    """softplus(l) - x l, summed."""
    softplus = layers.Activation("softplus", name=f"{name}_softplus")(logits)
    product = layers.Multiply(name=f"{name}_product")([x, logits])
    return sum_of(layers.Subtract(name=f"{name}_entropy")([softplus, product]), name)


def _log_prob(likelihood: Likelihood, x: np.ndarray, decoded: np.ndarray) -> np.ndarray:
    tensors = (ops.convert_to_tensor(np.asarray(values, "float32")) for values in (x, decoded))
    return ops.convert_to_numpy(likelihood.log_prob(*tensors))


def _equal(values: np.ndarray, expected: np.ndarray) -> bool:
    return bool(np.all(np.abs(values - expected) <= _CLOSE * np.maximum(1.0, np.abs(expected))))
