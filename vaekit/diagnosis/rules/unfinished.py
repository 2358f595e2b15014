"""A training that was not long enough."""

from __future__ import annotations

import math

import numpy as np

from vaekit.diagnosis.evidence import Evidence
from vaekit.diagnosis.finding import Cure, Finding, Rule

FEWEST = 4  # epochs from which a curve can be extrapolated
_LEFT, _SOME = 1.0, 0.25
_MORE = 3  # times as many epochs


class Unfinished(Rule):
    """Held-out images that were still gaining when training ended."""

    name = "unfinished"
    title = "Not trained to its end"
    threshold = (
        "at least as much is left to gain as was gained since the first epoch; a quarter of it, "
        "fewer than 4 epochs and a schedule that hasn't reached its end are a remark"
    )
    source = (
        "Aitken's extrapolation: the gains of the first, second and last third of the epochs as a "
        "geometric series, whose rest is what is left"
    )
    remedy = "three times as many epochs, at least 10"
    causes = ("amortisation-gap",)

    def __call__(self, evidence: Evidence) -> Finding | None:
        epochs = evidence.config.most_epochs
        cure = Cure({"epochs": max(_MORE * epochs, 10)}, "it goes on gaining")
        short = _schedule_left(evidence)
        if short:
            name, now, end = short
            return self.finding(
                f"{name} was {now:.3g} in the last epoch, on its way to {end:.3g}.",
                {"now": now, "end": end},
                Cure({"epochs": math.ceil(epochs * max(_MORE, end / max(now, end / 20)))}, ""),
                remark=True,
            )
        if not evidence.by_adam or not evidence.kept or evidence.config.patience is not None:
            return None
        values = evidence.falling("val_")
        if len(evidence.rows) < FEWEST:
            return self.finding(
                f"{len(evidence.rows)} epoch{'s' * (len(evidence.rows) > 1)} can't show whether "
                "there is more to gain.",
                {"epochs": len(evidence.rows)},
                cure,
                remark=True,
            )
        left = left_to_gain(values, evidence.gained)
        if left < _SOME:
            return None
        amount = f"{left:.0%} of it" if left < 10 else "many times as much"
        return self.finding(
            f"Held-out {evidence.bound} gained {evidence.gained:.4g} since the first epoch, and by "
            f"how it slowed down {amount} is left.",
            {"gained": evidence.gained, "left_to_gain": min(left, 1e6)},
            cure,
            remark=left < _LEFT,
        )


def left_to_gain(values: np.ndarray, gained: float = 0.0) -> float:
    """What is left to fall, over what fell: infinite where the fall doesn't slow down.

    values: of falling epochs. gained: what fell with the epochs before them, if that is more.
    0 of fewer than `FEWEST`, and where the last third didn't fall.
    """
    if len(values) < FEWEST:
        return 0.0
    values = np.minimum.accumulate(values)
    third = (len(values) - 1) / 3
    at = np.interp(third * np.arange(4), np.arange(len(values)), values)
    _, middle, last = -np.diff(at)
    gained = max(gained, float(at[0] - at[-1]))
    # An epoch's gain within the noise from one to the next is none.
    noise = float(np.median(np.abs(np.diff(values, 2)))) if len(values) > 4 else 0.0
    if gained <= 0 or last <= noise:
        return 0.0
    if middle <= last:
        return math.inf
    ratio = last / middle
    return float(last * ratio / (1 - ratio) / gained)


def _schedule_left(evidence: Evidence) -> tuple[str, float, float] | None:
    """A schedule that is more than a tenth from where it ends: its name, its value, its end."""
    for name, schedule in evidence.needs.schedules.items():
        if name not in evidence.kept:
            continue
        now, end = evidence.kept[name], float(np.asarray(schedule(10**9)))
        if abs(end - now) > 0.1 * abs(end):
            return name, now, end
    return None
