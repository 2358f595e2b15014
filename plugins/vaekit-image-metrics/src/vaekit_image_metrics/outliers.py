"""How well the model's own scores tell images of another source from its own."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import vaekit
from scipy.stats import rankdata
from sklearn.metrics import average_precision_score, roc_auc_score

# Which way a score goes up for what is unlike the training images.
TOWARDS_OUTLIERS = {"elbo": -1.0, "loss": 1.0, "kl": 1.0, "mse": 1.0}
RESAMPLES = 200


def auroc_error(own: np.ndarray, foreign: np.ndarray) -> float:
    """The standard error of the AUROC of scores `(N,)` and `(M,)`.

    DeLong, DeLong and Clarke-Pearson (Biometrics 44(3), 1988), by ranks: the spread of how many of
    the other set each score is above, a tie counting half.
    """
    ranks = rankdata(np.concatenate([own, foreign]))
    above_own = (ranks[len(own) :] - rankdata(foreign)) / len(own)
    above_foreign = (ranks[: len(own)] - rankdata(own)) / len(foreign)
    variances = [np.var(values, ddof=1) / len(values) for values in (above_own, above_foreign)]
    return float(np.sqrt(sum(variances)))


def average_precision_error(own: np.ndarray, foreign: np.ndarray, seed: int) -> float:
    """The standard error of the average precision, by resampling either set."""
    rng = np.random.default_rng(seed)
    values = [
        average_precision_score(
            *_told_apart(rng.choice(own, len(own)), rng.choice(foreign, len(foreign)))
        )
        for _ in range(RESAMPLES)
    ]
    return float(np.std(values, ddof=1))


def _told_apart(own: np.ndarray, foreign: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Whether each is foreign, and its score."""
    return np.repeat([0, 1], [len(own), len(foreign)]), np.concatenate([own, foreign])


class Outliers(vaekit.Metric):
    """See `outliers`."""

    needs = ("against",)
    fewest = 2

    def __call__(self, measurement: vaekit.Measurement) -> Mapping[str, vaekit.Estimate]:
        assert measurement.against is not None
        if len(measurement.against.pixels) < self.fewest:
            raise vaekit.UserError(
                f"Outliers are told from the run's images by {self.fewest} images of another "
                f"source at least, and there is {len(measurement.against.pixels)}."
            )
        own = measurement.model.score(measurement.images)
        foreign = measurement.model.score(measurement.against)
        likelihood = "elbo" if "elbo" in own else "loss"
        estimates: dict[str, vaekit.Estimate] = {}
        for name in (likelihood, "kl", "mse"):
            sign = TOWARDS_OUTLIERS[name]
            own_scores, foreign_scores = (
                sign * np.asarray(scores[name], "float64") for scores in (own, foreign)
            )
            estimates |= _estimates(name, own_scores, foreign_scores, measurement.seed)
        return estimates


def _estimates(
    name: str, own: np.ndarray, foreign: np.ndarray, seed: int
) -> dict[str, vaekit.Estimate]:
    """Both figures of one score, which is higher for what is unlike the training images.

    Raises `vaekit.UserError` for scores that are NaN or infinite.
    """
    if not (np.isfinite(own).all() and np.isfinite(foreign).all()):
        raise vaekit.UserError(
            f"Some images have NaN or infinite {name}, so they can't be ordered. The model may "
            "have diverged, or the images be far from those that it was trained on."
        )
    auroc = float(roc_auc_score(*_told_apart(own, foreign)))
    note = ""
    if auroc < 0.5:
        note = (
            f"Below 0.5: by {name}, images of the other source score as likelier than the run's "
            "own, and it can't be used to find them."
        )
    share = len(foreign) / (len(own) + len(foreign))
    numbers = f"{len(foreign)} foreign images among {len(own)} of the run's"
    return {
        f"auroc_{name}": vaekit.Estimate(
            auroc,
            better="higher",
            error=auroc_error(own, foreign),
            estimator=f"{numbers}; chance has 0.5; error by DeLong",
            note=note,
        ),
        f"average_precision_{name}": vaekit.Estimate(
            float(average_precision_score(*_told_apart(own, foreign))),
            better="higher",
            error=average_precision_error(own, foreign, seed),
            estimator=f"{numbers}; chance has {share:.3f}; error by {RESAMPLES} resamples",
        ),
    }


def outliers() -> vaekit.Metric:
    """How well `elbo`, `kl` and `mse` tell images of another source from the run's own.

    The area under the curve of true against false alarms, and the average precision, foreign images
    being what is to be found; `loss` stands for `elbo` where there is none. A low ELBO is no proof
    of a foreign image: simple images often score as likelier than those that were trained on
    (Nalisnick et al., arXiv:1810.09136), and then its area is below 0.5.
    """
    return Outliers()
