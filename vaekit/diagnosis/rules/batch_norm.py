"""Averages of batch normalisation that lag behind the weights."""

from __future__ import annotations

from vaekit.diagnosis.evidence import Evidence
from vaekit.diagnosis.finding import Cure, Finding, Rule

_LOST = 0.05
_MOMENTUM = 0.99  # Keras's


class BatchNormAverages(Rule):
    """Held-out images are normalised by averages of weights that are gone."""

    name = "batch-norm-averages"
    title = "Batch norm's averages lag behind"
    threshold = (
        "with averages taken anew over training images, the loss of held-out ones falls by a "
        "twentieth of itself or more"
    )
    source = (
        "after s steps Keras's moving averages hold 0.99^s of how they began; averages taken anew "
        "are Wu and Johnson's (arXiv:2105.07576, section 3.1)"
    )
    remedy = "precise averages, which are the default"
    causes = ("posterior-collapse", "unfinished", "overfitting", "amortisation-gap", "prior-hole")

    def __call__(self, evidence: Evidence) -> Finding | None:
        if evidence.config.batch_norm_averages == "precise" or not evidence.batch_norm:
            return None
        if evidence.look is None:
            return None
        moving, precise = evidence.look.renewed
        lost = (moving - precise) / max(abs(precise), 1e-9)
        if lost < _LOST:
            return None
        steps = evidence.steps_done
        return self.finding(
            f"Held-out loss is {moving:.4g} as it is and {precise:.4g} with averages taken anew; "
            f"after {steps:,} steps the moving ones hold {_MOMENTUM**steps:.2g} of their start.",
            {"moving": moving, "precise": precise, "lost": lost},
            Cure({"batch_norm_averages": "precise"}, "they are of the weights as they are"),
        )
