"""An encoder that isn't as good as the decoder would let it be."""

from __future__ import annotations

from vaekit.diagnosis.evidence import Evidence
from vaekit.diagnosis.finding import Cure, Finding, Rule
from vaekit.diagnosis.remedies import larger_encoder
from vaekit.diagnosis.rules.unfinished import FEWEST

_LEAST = 1.0  # nats
_WEIGHT = 1.5
_GAINED = 0.5


class AmortisationGap(Rule):
    """Steps on each image's own posterior gain as much as all posteriors cost."""

    name = "amortisation-gap"
    title = "Amortisation gap"
    threshold = (
        "the ELBO that gradient steps on each held-out image's own posterior gain is as large as "
        "the KL, and as half of what training gained since the first epoch; looked at where there "
        "is no illness before, after 4 epochs, and where the KL weighs about 1"
    )
    source = (
        "Cremer, Li and Duvenaud, arXiv:1801.03558, table 2: encoders of MNIST lose some tenth of "
        "the nats that their posteriors hold; one that loses them all leaves as much untold as it "
        "tells"
    )
    remedy = "an encoder that is larger by its own options, or the usual one"
    slow = True

    def __call__(self, evidence: Evidence) -> Finding | None:
        kl = float(evidence.kl_units.sum())
        if evidence.look is None or kl < _LEAST:
            return None
        # Under another weight, posteriors aren't meant to be the ELBO's best.
        if len(evidence.rows) < FEWEST or not 1 / _WEIGHT < evidence.kl_weight < _WEIGHT:
            return None
        gap = evidence.look.amortisation_gap
        if gap is None or gap < max(kl, _GAINED * evidence.gained):
            return None
        return self.finding(
            f"Gradient steps on each image's own posterior gain {gap:.3g} nats, and the KL is "
            f"{kl:.3g}.",
            {"gap": gap, "kl": kl},
            Cure(larger_encoder(evidence), "it can tell more images apart"),
        )
