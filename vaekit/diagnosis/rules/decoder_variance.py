"""A decoder whose variance is not that of the errors it makes."""

from __future__ import annotations

import math

from vaekit.diagnosis.evidence import DEAD, SETTLED, Evidence
from vaekit.diagnosis.finding import Cure, Finding, Rule
from vaekit.diagnosis.remedies import calibrated

_FAR = 16.0
_FAR_WITH_DEAD = 4.0


class DecoderVariance(Rule):
    """A Gaussian p(x|z) of a fixed sigma that is far from the error of its means."""

    name = "decoder-variance"
    title = "Decoder variance far from its error"
    threshold = (
        "sigma^2 is a fixed option of the loss and 16 times the held-out mean squared error or "
        "more, or a sixteenth of it or less; 4 times, of any loss, where half of the latents are "
        "dead"
    )
    source = (
        "sigma*^2 = MSE makes pixels most likely (Rybkin et al., arXiv:2006.13202, equation 7), "
        "and sigma^2 / MSE acts as the weight of the KL would: 4 is beta-VAE's, beyond 16 is none "
        "of its paper's; latents whose share of the variance is below sigma^2 die (Lucas et al., "
        "arXiv:1911.02469, section 4)"
    )
    remedy = "a sigma that follows the error, or the best one as an option"
    causes = ("posterior-collapse", "prior-hole", "too-many-latents", "too-few-latents")

    def __call__(self, evidence: Evidence) -> Finding | None:
        variance, error = evidence.decoder_variance, evidence.error
        if variance is None or not error:
            return None
        ratio = variance / error
        units = evidence.kl_units
        settled = len(units) > 0 and evidence.moved >= SETTLED
        dead = float((units < DEAD).mean()) if settled else 0.0
        chosen = "sigma" in evidence.options["loss"]
        far = chosen and not 1 / _FAR < ratio < _FAR
        if not far and not (ratio >= _FAR_WITH_DEAD and dead >= 0.5):
            return None
        nats = evidence.pixels / 2 * (1 / ratio - 1 + math.log(ratio))
        times = f"{ratio:.3g} times" if ratio >= 1 else f"1/{1 / ratio:.3g} of"
        return self.finding(
            f"p(x|z) has sigma {math.sqrt(variance):.3g}, and held-out pixels are off by "
            f"{math.sqrt(error):.3g} (root mean square), the best sigma: sigma^2 is {times} the "
            f"error, which costs {nats:.4g} nats an image.",
            {
                "sigma": math.sqrt(variance),
                "optimal_sigma": math.sqrt(error),
                "ratio": ratio,
                "nats": nats,
            },
            Cure(calibrated(evidence, error), "sigma is what the errors are"),
        )
