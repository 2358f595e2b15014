"""A look at what history and record don't hold: the images, and what the model makes of them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Protocol

import numpy as np

from vaekit.pixels import as_floats
from vaekit.types import Images

MOST = 1000  # images that are looked at
_NO_TERMS = {"loss", "elbo", "mse", "psnr"}
_OTHER = 1.5  # times a term called the KL, from which the KL is another: means differ by images
_CONSTANT = 1e-2  # relative spread up to which values count as one


class Subject(Protocol):
    """A trained model, its weights at rest, as a look needs it."""

    def score(self, images: Images) -> Mapping[str, np.ndarray]:
        """Each image's loss terms, `loss`, `kl`, `elbo` and `mse`, `(N,)`."""
        ...

    def decode(self, z: np.ndarray, labels: np.ndarray | None = None) -> np.ndarray:
        """Images of z."""
        ...

    def posterior_draws(self, images: Images) -> np.ndarray:
        """A draw of z for each image, flat, `(N, D)`."""
        ...

    def prior_draws(self, count: int) -> np.ndarray | None:
        """Draws of p(z), flat, `(count, D)`; None where there is no prior."""
        ...

    def amortisation_gap(self, images: Images) -> float | None:
        """Nats that steps on each image's own posterior gain; None where they can't be taken."""
        ...

    def loss_with_renewed_averages(self, images: Images, training: Images) -> tuple[float, float]:
        """The loss of images with batch norm's averages as they are, and as taken anew."""
        ...


class Look:
    """At up to `MOST` images of each split, and a trained model; each thing once, when asked.

    training: all images that it was trained on. held_out: those that it is judged on.
    """

    def __init__(self, subject: Subject, training: Images, held_out: Images) -> None:
        self._subject = subject
        self.training = training
        self.held_out = held_out

    @cached_property
    def scores(self) -> Mapping[str, np.ndarray]:
        """Values of each held-out image; see `Subject.score`."""
        return self._subject.score(self.held_out)

    def kl_weight(self, kl: float) -> float | None:
        """How many times as much a nat of KL counts in the loss as one of -log p(x|z).

        By least squares over the images, in which a loss that is made of the two is exact; None
        for a loss that isn't.

        kl: the mean KL over held-out images, by which a term is told that goes by the name of the
            KL and is another.
        """
        if "elbo" not in self.scores or kl <= 0:
            return None
        scores = {name: values.astype("float64") for name, values in self.scores.items()}
        times = kl / max(float(np.mean(scores["kl"])), 1e-12)
        divergence = scores["kl"] * (times if times > _OTHER else 1.0)
        distortion = -scores["elbo"] - divergence
        both = np.stack([distortion, divergence], axis=1)
        moved = both - both.mean(axis=0)
        loss = scores["loss"] - scores["loss"].mean()
        (of_distortion, of_kl), *_ = np.linalg.lstsq(moved, loss, rcond=None)
        rest = np.std(loss - moved @ [of_distortion, of_kl])
        if of_distortion <= 0 or rest > _CONSTANT * np.std(loss):
            return None
        if np.std(divergence) < _CONSTANT * np.std(distortion):  # lost among the rounding errors
            of_kl = self._kl_among_terms(divergence)
        return None if of_kl is None else float(of_kl / of_distortion)

    def _kl_among_terms(self, divergence: np.ndarray) -> float | None:
        """How many times the KL the terms are that are multiples of it."""
        multiples = {
            name: _ratio(values.astype("float64"), divergence)
            for name, values in self.scores.items()
            if name not in _NO_TERMS
        }
        weights = {name: weight for name, weight in multiples.items() if weight is not None}
        others = [weight for name, weight in weights.items() if name != "kl"]
        # Beside a term that weights it, the KL itself is but reported.
        return sum(others) if others else weights.get("kl")

    @cached_property
    def z(self) -> np.ndarray:
        """A draw of z for each held-out image, `(N, D)`."""
        return self._subject.posterior_draws(self.held_out)

    @cached_property
    def prior(self) -> np.ndarray | None:
        """As many draws of the prior, `(N, D)`."""
        return self._subject.prior_draws(max(MOST, len(self.held_out.pixels)))

    @cached_property
    def variance(self) -> float:
        """How far held-out pixels vary about their mean over images, on average."""
        pixels = as_floats(self.held_out.pixels[:MOST])
        return float(np.mean(np.var(pixels, axis=0, dtype="float64")))

    @cached_property
    def renewed(self) -> tuple[float, float]:
        """See `Subject.loss_with_renewed_averages`."""
        return self._subject.loss_with_renewed_averages(self.held_out, self.training)

    @cached_property
    def amortisation_gap(self) -> float | None:
        """See `Subject.amortisation_gap`."""
        return self._subject.amortisation_gap(self.held_out)

    @cached_property
    def decoder_range(self) -> float:
        """How far a pixel goes at most when z does: 0 for a decoder that takes no notice of it."""
        labels = None if self.held_out.labels is None else self.held_out.labels[:1]
        count = min(16, len(self.z))
        spread = self.z[:count] + np.linspace(-3.0, 3.0, count)[:, None]
        repeated = None if labels is None else np.repeat(labels, count)
        decoded = self._subject.decode(spread.astype("float32"), repeated)
        return float(np.max(np.ptp(decoded, axis=0)))


def _ratio(values: np.ndarray, other: np.ndarray) -> float | None:
    """The one number that `values` are of `other`; None if it is another for each."""
    if not np.all(np.abs(other) > 1e-9):
        return None
    ratios = values / other
    middle = float(np.median(ratios))
    same = np.all(np.abs(ratios - middle) <= _CONSTANT * abs(middle) + 1e-12)
    return middle if same and middle > 0 else None
