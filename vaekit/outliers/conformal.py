"""Split-conformal p-values, and the threshold that keeps false alarms at or under alpha.

Vovk, Gammerman and Shafer, "Algorithmic Learning in a Random World" (2005), and of outliers Bates,
Candès, Lei, Romano and Sesia, "Testing for outliers with conformal p-values" (arXiv:2104.08279).

What it rests on is exchangeability: that the calibration images and a normal new one might as well
have come in any other order, as independent draws from one source do. Then the rank of the new
one's score among all n + 1 is any with the same probability, and its p-value is at most alpha with
a probability of at most alpha. That probability is over calibration images and new one together:
by one calibration, the share of false alarms lies about alpha, as a Beta law has it.
"""

from __future__ import annotations

import math

import numpy as np

from vaekit.errors import OptionError, UserError
from vaekit.wording import option_text


def p_values(calibration: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """(1 + how many calibration scores are no less) / (n + 1), `(N,)`, float64.

    Scores that are equal count as no less, so that ties make p-values larger. A score that isn't
    finite has the smallest p-value there is: no normal image had one.

    calibration: `(n,)`, finite. scores: `(N,)`; the larger, the stranger.
    """
    below = np.searchsorted(np.sort(calibration), scores, side="left")
    no_less = np.where(np.isfinite(scores), len(calibration) - below, 0)
    return (1.0 + no_less) / (len(calibration) + 1.0)


def threshold(calibration: np.ndarray, alpha: float) -> float:
    """The calibration score above which, and only above which, a p-value is at most alpha.

    Raises `UserError` for fewer calibration images than alpha needs.
    """
    count = len(calibration)
    refuse_too_few(count, alpha)
    # As many as may be no less than an outlier's score, itself among them; by the division that
    # p-values are made by, which rounds.
    allowed = _ranks(count, alpha)
    return float(np.sort(calibration)[count - allowed])


def fewest_images(alpha: float) -> int:
    """The number n of calibration images from which on a p-value can be as small as alpha.

    The smallest p-value is 1 / (n + 1).
    """
    n = max(math.ceil(1.0 / alpha) - 2, 1)
    while 1.0 / (n + 1.0) > alpha:
        n += 1
    return n


def refuse_too_few(count: int, alpha: float) -> None:
    """Raise `UserError` where so many calibration images can't call anything an outlier."""
    check_alpha(alpha)
    needed = fewest_images(alpha)
    if count < needed:
        raise UserError(
            f"With {count:,} calibration images no p-value is below 1/{count + 1:,}, so that none "
            f"can be {alpha:g}: that takes at least {needed:,}. Calibrate on more images, or take "
            f"{option_text('alpha', math.ceil(1e4 / (count + 1)) / 1e4)}."
        )


def check_alpha(alpha: float) -> None:
    """Raise `OptionError` unless alpha is a share of false alarms: above 0 and below 1."""
    if not 0.0 < alpha < 1.0:
        raise OptionError(f"{option_text('alpha')} is {alpha}; take a share between 0 and 1.")


def spread_of_false_alarms(count: int, alpha: float) -> tuple[float, float]:
    """The share of false alarms over calibrations of so many images: mean, standard deviation.

    Without ties it has a Beta law of (k, n + 1 - k), k being how often 1 / (n + 1) goes into alpha:
    Bates et al., section 2.
    """
    mean = _ranks(count, alpha) / (count + 1.0)
    return mean, math.sqrt(mean * (1.0 - mean) / (count + 2.0))


def _ranks(count: int, alpha: float) -> int:
    """How many of 1 / (n + 1), 2 / (n + 1), ... are at most alpha."""
    return int(np.searchsorted(np.arange(1, count + 2) / (count + 1.0), alpha, side="right"))
