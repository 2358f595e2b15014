"""Linear VAEs trained as any run is, and held to the best that there are; see
`principal_components`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np

from vaekit import api
from vaekit.plugins import selected
from vaekit.proof.claim import Claim, Comparison, holds, near
from vaekit.proof.principal_components import Truth, best_linear_vae, images_of
from vaekit.registry import KIT, LOCAL
from vaekit.run import Run
from vaekit.testing import CheckSkipped

_LATENTS = 5
_FLOOR = 6e-4  # of the eigenvalues that are noise
_SIGNALS = np.array([0.040, 0.018, 0.009, 0.0035, 0.0018])
_SHARE = 0.005  # how far, of a log-likelihood, a trained model may be from the best
_LINEAR = f"proof-linear@{LOCAL}"
_IMAGES, _EPOCHS = 4096, 80
_RATE, _LAST_SHARE = 0.04, 0.002  # of Adam, at the start and what is left of it at the end


class Trained(NamedTuple):
    """A run, the images that it was trained on, and the best that it could become."""

    run: Run
    images: np.ndarray
    truth: Truth


class LinearVAEs:
    """Two: one learns its variance; the other's is above some eigenvalues, so that latents die."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._trained: dict[str, Trained] = {}

    def claims(self, *, annealed: bool) -> Iterator[Claim]:
        """What the trained models must be.

        annealed: whether to try annealed importance sampling, which takes longer, too.
        """
        for name in ("learned variance", "known variance"):
            for what, sentence, compare in (
                ("ELBO", "it is the best model's log p(x), by eigendecomposition", _elbo),
                (
                    "log-likelihood",
                    "the model's own log p(x), in closed form, is it too",
                    _log_prob,
                ),
                ("variance", "sigma^2 is the mean of the eigenvalues left out", _variance),
                ("KL", "it is the sum of log(eigenvalue / sigma^2) / 2 over those above", _kl),
                ("active units", "the dead are those whose eigenvalue is below sigma^2", _active),
                ("importance sampling", "it gives the model's own log p(x)", _sampled),
                *(_ANNEALED if annealed else ()),
            ):
                yield Claim(
                    f"linear VAE, {name}", what, sentence, partial(self._compared, name, compare)
                )

    def _compared(self, name: str, compare: Any) -> Comparison:
        if name not in self._trained:
            self._trained[name] = self._train(name)
        return compare(self._trained[name])

    def _train(self, name: str) -> Trained:
        sigma = None if name == "learned variance" else math.sqrt(0.0055)
        eigenvalues = np.full(64, _FLOOR)
        eigenvalues[: len(_SIGNALS)] = _SIGNALS
        images = images_of(eigenvalues, _IMAGES)
        falling = keras.callbacks.LearningRateScheduler(
            lambda epoch, rate: _RATE * _LAST_SHARE ** (epoch / _EPOCHS)
        )
        loss: dict[str, Any] = {"likelihood": "learned-gaussian", "sigma": 0.1}
        if sigma is not None:
            loss = {"likelihood": "gaussian", "sigma": sigma}
        with selected(files=[str(Path(__file__).with_name("linear_backbones.py"))]):
            run = api.train(
                _LINEAR,
                _LINEAR,
                f"elbo@{KIT}",
                latent=f"normal@{KIT}",
                loss_opt=loss,
                latent_dim=_LATENTS,
                data=((images, None), (images[:256], None)),
                batch_size=128,
                epochs=_EPOCHS,
                learning_rate=_RATE,
                callbacks=[falling],
                checkpoint_every=f"{_EPOCHS}epoch",
                figures=False,
                progress=False,
                out=str(self._folder / name.replace(" ", "-")),
            )
        return Trained(run, images, best_linear_vae(images, _LATENTS, sigma))


def _elbo(trained: Trained) -> Comparison:
    scores = [trained.run.score(np.roll(trained.images, n, axis=0))["elbo"] for n in range(4)]
    return near(trained.truth.log_prob, np.mean(scores), rtol=_SHARE)


def _variance(trained: Trained) -> Comparison:
    likelihood = trained.run.config.part_options["loss"]["likelihood"]
    if likelihood == "gaussian":
        raise CheckSkipped("it isn't learned")
    return near(trained.truth.variance, _sigma(trained) ** 2, rtol=0.02)


def _weights(trained: Trained) -> np.ndarray:
    """W, `(D, z)`."""
    points = np.concatenate([np.zeros((1, _LATENTS)), np.eye(_LATENTS)]).astype("float32")
    decoded = trained.run.decode(points).reshape(len(points), -1).astype("float64")
    return (decoded[1:] - decoded[0]).T


def _log_prob(trained: Trained) -> Comparison:
    return near(trained.truth.log_prob, _law(trained).log_prob(trained.images), rtol=_SHARE)


def _kl(trained: Trained) -> Comparison:
    values, _, variance, alive, _ = trained.truth
    expected = 0.5 * np.log(values[:_LATENTS][alive] / variance).sum()
    return near(expected, trained.run.evaluate(trained.images)["kl"], rtol=0.02)


def _active(trained: Trained) -> Comparison:
    """The active latents' columns of W span the eigenvectors above sigma^2, and no other."""
    posterior = trained.run.encode(trained.images)
    active = posterior.z_mean.var(axis=0) > 0.01
    basis, _ = np.linalg.qr(_weights(trained)[:, active])
    shares = ((trained.truth.vectors.T @ basis) ** 2).sum(axis=-1)
    spanned = np.flatnonzero(shares > 0.5).tolist()
    expected = np.flatnonzero(trained.truth.alive).tolist()
    told = trained.run.evaluate(trained.images)["active_units"]
    return holds(
        spanned == expected and told == len(expected),
        f"eigenvalues {expected}, {len(expected)} active",
        f"eigenvalues {spanned}, {told} active",
    )


class _Law(NamedTuple):
    """p(x) under the weights as they are: normal."""

    mean: np.ndarray
    covariance: np.ndarray

    def log_prob(self, images: np.ndarray) -> float:
        """The mean log p(x) of images."""
        away = images.reshape(len(images), -1) - self.mean
        squares = np.einsum("bi,ij,bj->b", away, np.linalg.inv(self.covariance), away)
        log_det = np.linalg.slogdet(2.0 * math.pi * self.covariance)[1]
        return float(-0.5 * (log_det + squares).mean())

    @property
    def negative_entropy(self) -> float:
        """The mean log p(x) of its own draws."""
        return float(-0.5 * np.linalg.slogdet(2.0 * math.pi * math.e * self.covariance)[1])


def _law(trained: Trained) -> _Law:
    weights = _weights(trained)
    mean = trained.run.decode(np.zeros((1, _LATENTS), "float32")).reshape(-1)
    noise = _sigma(trained) ** 2 * np.eye(len(weights))
    return _Law(mean.astype("float64"), weights @ weights.T + noise)


def _sigma(trained: Trained) -> float:
    """The standard deviation of the model as it is, from one image's score of a known error."""
    options = trained.run.config.part_options["loss"]
    if options["likelihood"] == "gaussian":
        return float(options["sigma"])
    from vaekit.checkpoint import latest_checkpoint, read_checkpoint

    arrays = read_checkpoint(latest_checkpoint(trained.run.path / "checkpoints")).arrays
    (log_sigma,) = (float(value) for name, value in arrays if name.endswith("log_sigma"))
    return math.sqrt(math.exp(2.0 * log_sigma) + math.exp(-12.0))


_FEW = 48


def _metric(trained: Trained, name: str, **options: Any) -> Mapping[str, Any]:
    few = trained.images[:_FEW]
    told = trained.run.evaluate(few, metrics=[name], metric_options={name: options})
    return {figure: estimate["value"] for figure, estimate in told["metrics"][name].items()}


def _sampled(trained: Trained) -> Comparison:
    figures = _metric(trained, f"nll@{KIT}", samples=500)
    expected = _law(trained).log_prob(trained.images[:_FEW])
    return near(expected, -figures["nll"], rtol=0.001)


def _annealed(trained: Trained) -> Comparison:
    figures = _metric(trained, f"ais@{KIT}", images=_FEW, chains=4, steps=200, leapfrog=5)
    law = _law(trained)
    expected = law.log_prob(trained.images[:_FEW]), law.negative_entropy
    low, high = figures["simulated_lower_bound"], figures["simulated_upper_bound"]
    lower, share = figures["log_p_lower_bound"], _SHARE * abs(expected[0])
    # Of images that the model drew, log p(x) varies by sqrt(D / 2) about its mean.
    error = 5.0 * math.sqrt(0.5 * law.mean.size / _FEW)
    enclosed = (
        expected[0] - 2.0 * share <= lower <= expected[0] + share
        and low - error <= expected[1] <= high + error
        and -share <= high - low <= 2.0 * share
    )
    return holds(
        enclosed,
        f"{expected[0]:.6g}, at most; {expected[1]:.6g} of the model's own",
        f"{lower:.6g}; {low:.6g} to {high:.6g}",
        f"{2.0 * share:.2g} below, {share:.2g} above; {error:.2g} by the draws of images",
    )


_ANNEALED = (("annealed importance sampling", "its bounds enclose log p(x)", _annealed),)
