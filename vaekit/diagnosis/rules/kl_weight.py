"""A KL weight that is off by the number of pixels or of latents: a mean where a sum was meant."""

from __future__ import annotations

import math
from collections.abc import Iterator

from vaekit.diagnosis.evidence import Evidence
from vaekit.diagnosis.finding import Cure, Finding, Rule
from vaekit.diagnosis.remedies import plain_elbo

_CLOSE = 0.1  # of a factor that was measured
_FEWEST = 4  # latents, from which the mean of their KL is no weight that somebody would choose
# Of sigma^2 over the pixels: a mean of squared errors leaves D / 2, half of one leaves D.
_LEAST, _MOST = 0.4, 2.5


class MeanForSum(Rule):
    """One of the loss's two terms is a mean over pixels or latents, and the other a sum."""

    name = "mean-for-sum"
    title = "A mean where a sum was meant"
    threshold = (
        "the KL weighs as much against -log p(x|z) as an image has values or places, or as little "
        "as one over its values or latents, within a tenth; or p(x|z) is a Gaussian whose variance "
        "is between 0.4 and 2.5 times the number of an image's values"
    )
    source = (
        "the ELBO sums over both (Kingma and Welling, arXiv:1312.6114, equation 10): the mean of "
        "D squared errors is -log p(x|z) of variance D/2, where pixels in [0, 1] vary by 1/4 at "
        "most"
    )
    remedy = "the sum: the option that weighs the term, or a loss that is the ELBO"
    causes = ("decoder-variance", "posterior-collapse", "prior-hole", "too-many-latents")

    def __call__(self, evidence: Evidence) -> Finding | None:
        variance, pixels = evidence.decoder_variance, evidence.pixels
        if variance is not None and _LEAST <= variance / pixels <= _MOST:
            return self.finding(
                f"The loss is -log p(x|z) of pixels of variance {variance:.4g}, which is "
                f"{variance / pixels:.2g} times the {pixels:,} values of an image: their squared "
                "errors are averaged, and the KL is not.",
                {"variance": variance, "values": pixels},
                _summed(evidence, float(pixels)),
            )
        weight = evidence.kl_weight
        for factor, what in _factors(evidence):
            if abs(math.log(weight / factor)) < _CLOSE if weight > 0 else False:
                return self.finding(
                    f"The KL counts {weight:.4g} times as much as -log p(x|z); {what}.",
                    {"kl_weight": weight, "factor": factor},
                    _summed(evidence, 1 / factor),
                )
        return None


def _factors(evidence: Evidence) -> Iterator[tuple[float, str]]:
    """Weights that the KL has by a mean, and which."""
    height, width, channels = evidence.image_shape
    declared = evidence.declared_kl_weight
    chosen = declared is not None and math.isclose(
        declared[1], evidence.kl_weight, rel_tol=_CLOSE, abs_tol=1e-12
    )
    sizes = {height * width * channels: "values", height * width: "places"}
    for size, what in sizes.items():
        yield float(size), f"an image has {size:,} {what}, over which one term is averaged"
    if chosen:  # a small weight may be what somebody wanted
        return
    yield 1 / evidence.pixels, f"that is one over the {evidence.pixels:,} values of an image"
    units = len(evidence.kl_units)
    if units >= _FEWEST:
        yield 1 / units, f"that is one over {units} latents, over which the KL is averaged"


def _summed(evidence: Evidence, factor: float) -> Cure:
    """The run with the weight of one term times `factor`, or with the ELBO where none is named."""
    because = "both terms are sums, in nats"
    options = evidence.options["loss"]
    values = evidence.config.part_options["loss"]
    declared = evidence.declared_kl_weight
    if declared is not None and factor < 1:
        return Cure({"loss_opt": {declared[0]: float(f"{declared[1] * factor:.4g}")}}, because)
    if "weight" in options and factor > 1:
        return Cure({"loss_opt": {"weight": float(values["weight"]) * factor}}, because)
    return Cure(plain_elbo(evidence), because)
