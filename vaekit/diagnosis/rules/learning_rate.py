"""Learning rates that are too high or too low."""

from __future__ import annotations

import numpy as np

from vaekit.diagnosis.evidence import Evidence
from vaekit.diagnosis.finding import Cure, Finding, Rule
from vaekit.diagnosis.rules.unfinished import left_to_gain
from vaekit.recipes import RECIPES

_SPIKE = 0.1
_STEP, _WHOLE = 0.2, 1.0
_LOW = 0.1


class RateTooHigh(Rule):
    """Steps that overshoot: not finite, loss that leaps up, or weights that a few steps rebuild."""

    name = "learning-rate-too-high"
    title = "Learning rate too high"
    threshold = (
        "training diverged; or the training loss of an epoch lies above the best one before it by "
        "a tenth of all that was gained; or Adam's rate is a fifth of the spread of the weights as "
        "they begin, and no latent is in use or the loss leaps; or is that spread"
    )
    source = (
        "Adam moves a weight by up to its rate a step (Kingma and Ba, arXiv:1412.6980, section "
        "2.1), so that five steps can undo what Glorot and Bengio's spread (AISTATS 2010) set; "
        "under a rate that is stable the mean loss of an epoch falls but for its noise"
    )
    remedy = "a tenth of the rate, or the recipe's if that is less"
    causes = (
        *("posterior-collapse", "prior-hole", "overfitting", "unfinished", "decoder-variance"),
        *("amortisation-gap", "dead-codes", "batch-norm-averages"),
    )

    def __call__(self, evidence: Evidence) -> Finding | None:
        rate = evidence.config.learning_rate
        recipe = RECIPES[evidence.config.recipe].learning_rate
        cure = Cure({"learning_rate": _round(min(rate / 10, recipe))}, "each step moves less")
        numbers = {"learning_rate": rate, "rate_by_spread": evidence.relative_rate}
        if evidence.diverged:
            return self.finding(evidence.diverged, numbers, cure)
        leap = _leap(evidence)
        large = evidence.by_adam and evidence.relative_rate >= _STEP
        numbers["leap"] = leap
        spread = f"the rate is {evidence.relative_rate:.2g} of the weights' spread as they begin"
        if leap >= _SPIKE:
            return self.finding(
                f"The training loss leapt up by {leap:.0%} of all that was gained; {spread}.",
                numbers,
                cure,
            )
        if evidence.by_adam and evidence.relative_rate >= _WHOLE:
            return self.finding(f"{spread[0].upper()}{spread[1:]}.", numbers, cure)
        if large and (evidence.unused or leap > _SPIKE / 5):
            what = "no latent is in use" if evidence.unused else f"the loss leapt up by {leap:.1%}"
            return self.finding(f"{spread[0].upper()}{spread[1:]}, and {what}.", numbers, cure)
        if large:
            return self.finding(f"{spread[0].upper()}{spread[1:]}.", numbers, cure, remark=True)
        return None


class RateTooLow(Rule):
    """Steps so short that the epochs that were asked for don't suffice."""

    name = "learning-rate-too-low"
    title = "Learning rate too low"
    threshold = (
        "Adam's rate is below a tenth of the recipe's, and at least as much is left to gain as was "
        "gained"
    )
    source = "what is left is extrapolated as for a training that wasn't long enough"
    remedy = "the recipe's rate"
    causes = ("posterior-collapse", "unfinished", "decoder-variance", "amortisation-gap")

    def __call__(self, evidence: Evidence) -> Finding | None:
        rate = evidence.config.learning_rate
        recipe = RECIPES[evidence.config.recipe].learning_rate
        left = left_to_gain(evidence.falling("val_"), evidence.gained)
        if not evidence.by_adam or rate > _LOW * recipe or not (left >= 1.0 or evidence.unused):
            return None
        return self.finding(
            f"The rate is {rate:g}, the recipe's {recipe:g}, and the held-out "
            f"{evidence.bound} was still gaining in the last epoch.",
            {"learning_rate": rate, "recipe": recipe, "left_to_gain": min(left, 1e6)},
            Cure({"learning_rate": recipe}, "as many steps go further"),
        )


def _leap(evidence: Evidence) -> float:
    """The most by which an epoch's loss exceeds the best before it, over all that was gained.

    Of a loss and an ELBO, the one that leaps less: under a weight, one may rise as the other falls.
    Players play against each other, so that the loss of one says nothing.
    """
    if len(evidence.needs.players) > 1 or len(evidence.steady) < 3:
        return 0.0
    loss = evidence.series("loss", evidence.steady)
    return min(_largest_rise(loss), _largest_rise(evidence.falling()))


def _largest_rise(values: np.ndarray) -> float:
    best = np.minimum.accumulate(values)
    gained = max(float(values[0] - best[-1]), 0.02 * float(np.median(np.abs(values))), 1e-9)
    return float(np.max(values - best)) / gained


def _round(rate: float) -> float:
    return float(f"{rate:.2g}")
