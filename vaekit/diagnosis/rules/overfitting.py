"""Training on after held-out images stopped gaining."""

from __future__ import annotations

import numpy as np

from vaekit.diagnosis.evidence import Evidence
from vaekit.diagnosis.finding import Cure, Finding, Rule

_LOST = 0.05
_EPOCHS = 3


class Overfitting(Rule):
    """Held-out images lose while training images gain, in the epoch whose weights are kept."""

    name = "overfitting"
    title = "Overfitting"
    threshold = (
        "each of the last 3 epochs is worse on held-out images than the best one by a twentieth of "
        "all that training gained, while training went on gaining"
    )
    source = (
        "Prechelt, Early Stopping - But When? (1998): generalisation loss above 5 %, here of the "
        "gain, since a negative ELBO has no zero; several epochs, for their noise"
    )
    remedy = "patience, which keeps the best epoch's weights"
    causes = ("amortisation-gap",)

    def __call__(self, evidence: Evidence) -> Finding | None:
        held_out, training = evidence.falling("val_"), evidence.falling()
        if len(held_out) < _EPOCHS + 1 or len(training) != len(held_out):
            return None
        best = int(np.argmin(held_out))
        gained = max(float(training[0] - training[-1]), float(held_out[0] - held_out[best]), 1e-9)
        lost = float(np.min(held_out[-_EPOCHS:]) - held_out[best]) / gained
        if best >= len(held_out) - _EPOCHS or lost < _LOST or training[best] <= training[-1]:
            return None
        worse = held_out[-1] - held_out[best]
        epoch = int(evidence.steady[best]["epoch"])
        return self.finding(
            f"Held-out {evidence.bound} was best after epoch {epoch} and has lost {worse:.4g} "
            f"since, {lost:.0%} of all that training gained, while on training images it gained "
            f"{training[best] - training[-1]:.4g} more.",
            {"best_epoch": epoch, "lost": float(worse), "lost_share": lost},
            Cure({"patience": 5}, "training ends there, and the best epoch's weights are kept"),
        )
