"""Training on after held-out images stopped gaining."""

from __future__ import annotations

import numpy as np

from vaekit.diagnosis.evidence import Evidence
from vaekit.diagnosis.finding import Cure, Finding, Rule

_LOST = 0.1
_NOISE = 3.0
_EPOCHS = 3
_FIRST = 10  # the share of the epochs that is left out is one over this


class Overfitting(Rule):
    """Held-out images lose while training images gain, in the epoch whose weights are kept."""

    name = "overfitting"
    title = "Overfitting"
    threshold = (
        "each of the last 3 epochs is worse on held-out images than the best one, by a tenth of "
        "what they had gained since the first tenth of the epochs (or a hundredth of what training "
        "images did) and by 3 times the change from one epoch to the next, while training images "
        "went on gaining"
    )
    source = (
        "Prechelt, Early Stopping - But When? (1998): generalisation loss, over several epochs for "
        "its noise; here of what was gained, since a negative ELBO has no zero, and without the "
        "first epochs, which gain most"
    )
    remedy = "patience, which keeps the best epoch's weights"
    causes = ("amortisation-gap",)

    def __call__(self, evidence: Evidence) -> Finding | None:
        held_out, training = evidence.falling("val_"), evidence.falling()
        if len(held_out) < _EPOCHS + 1 or len(training) != len(held_out):
            return None
        best = int(np.argmin(held_out))
        first = min(max(1, len(held_out) // _FIRST), best)
        gained = max(
            float(held_out[first] - held_out[best]),
            _LOST * float(training[first] - training[-1]),
            1e-9,
        )
        loss = float(np.min(held_out[-_EPOCHS:]) - held_out[best])
        noise = float(np.median(np.abs(np.diff(held_out[len(held_out) // 2 :]))))
        lost = loss / gained
        if best >= len(held_out) - _EPOCHS or training[best] <= training[-1]:
            return None
        if lost < _LOST or loss < _NOISE * noise:
            return None
        worse = held_out[-1] - held_out[best]
        epoch = int(evidence.steady[best]["epoch"])
        return self.finding(
            f"Held-out {evidence.bound} was best after epoch {epoch} and has lost {worse:.4g} "
            f"since, {lost:.0%} of what it had gained from epoch {first + 1} on, while training "
            f"images gained {training[best] - training[-1]:.4g} more.",
            {"best_epoch": epoch, "lost": float(worse), "lost_share": lost},
            Cure({"patience": 5}, "training ends there, and the best epoch's weights are kept"),
        )
