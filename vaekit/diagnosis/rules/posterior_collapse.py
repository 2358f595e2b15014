"""Latents whose posterior is the prior, whatever the image, and why."""

from __future__ import annotations

import numpy as np

from vaekit.diagnosis.evidence import HEAVY, SETTLED, Evidence
from vaekit.diagnosis.finding import Cure, Finding, Rule
from vaekit.diagnosis.remedies import kl_weight_of_one, usual_decoder, warmed_up

_IGNORED = 1e-6


class PosteriorCollapse(Rule):
    """All latents tell nothing of the image, or half of them and more under a heavy KL."""

    name = "posterior-collapse"
    title = "Posterior collapse"
    threshold = (
        "the KL of all units is below 0.01 nats over held-out images; or that of at least half of "
        "them below 0.1, where the KL weighs more than 1.5 against -log p(x|z). Without such a "
        "weight, after as many steps as can move weights by 3 times their spread"
    )
    source = (
        "Lucas et al., arXiv:1911.02469, section 5.3, epsilon = 0.01; 0.1 nats is what a signal of "
        "a fifth of the noise's variance tells, ln(1.2) / 2. The cause is the first of: a "
        "weight above 1.5; a decoder that gives the same for each z, to a millionth; else no "
        "warm-up (Bowman et al., arXiv:1511.06349)"
    )
    remedy = "a weight of 1; a decoder that uses z; a KL that is warmed up over half of the steps"
    causes = ("unfinished", "too-many-latents", "amortisation-gap", "prior-hole")

    def __call__(self, evidence: Evidence) -> Finding | None:
        units = evidence.kl_units
        if not len(units):
            return None
        weight = evidence.kl_weight
        heavy = weight > HEAVY
        least = evidence.dead_below
        dead = int(np.sum(units < least))
        if dead < len(units) and not (heavy and 2 * dead >= len(units)):
            return None
        which = "all" if dead == len(units) else f"{dead}"
        shown = (
            f"{which} of {len(units)} units have a KL below {least} nats over held-out images, and "
            f"all together {units.sum():.3g}"
        )
        numbers = {"dead": dead, "units": len(units), "kl": float(units.sum())}
        if heavy:
            return self.finding(
                f"{shown[0].upper()}{shown[1:]}; the KL weighs {weight:.4g} against -log p(x|z).",
                {**numbers, "kl_weight": weight},
                Cure(kl_weight_of_one(evidence), "the KL counts as the ELBO has it"),
                cause="the KL's weight is too large",
            )
        reach = None if evidence.look is None else evidence.look.decoder_range
        if reach is not None and reach < _IGNORED:
            return self.finding(
                f"{shown[0].upper()}{shown[1:]}; decoding z far apart, no pixel differs by more "
                f"than {reach:.1g}.",
                {**numbers, "decoder_range": reach},
                Cure(usual_decoder(), "it is another decoder, which uses z"),
                cause="the decoder takes no notice of z",
            )
        if evidence.moved < SETTLED:
            return None
        return self.finding(
            f"{shown[0].upper()}{shown[1:]}; the KL has its whole weight from the first step on.",
            numbers,
            Cure(warmed_up(evidence), "z is in use before it costs anything"),
            cause="the KL isn't warmed up",
        )
