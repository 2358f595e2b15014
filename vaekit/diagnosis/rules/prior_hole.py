"""An aggregate posterior that is not where the prior is."""

from __future__ import annotations

import numpy as np

from vaekit.diagnosis.evidence import Evidence
from vaekit.diagnosis.finding import Cure, Finding, Rule
from vaekit.diagnosis.remedies import kl_weight_of_one, learned_prior
from vaekit.diagnosis.rules.unfinished import FEWEST

_NATS = 0.5
_NATS_AT_FULL_WEIGHT = 1.0
_LIGHT = 0.5
_FEWEST = 20  # images for each dimension


class PriorHole(Rule):
    """Draws of the prior lie where the codes of no image do, so that samples are poor."""

    name = "prior-hole"
    title = "Prior hole"
    threshold = (
        "KL(q(z) || p(z)) of the two normals of the same moments is half a nat for each dimension "
        "or more where the KL weighs less than a half, and a nat where it weighs more, after "
        "4 epochs at least"
    )
    source = (
        "the part of the KL that tells nothing of an image (Hoffman and Johnson, ELBO surgery, "
        "2016): half a nat is a standard deviation of 1.8 or 0.4, a nat of 2.1 or 0.2, "
        "where the prior has 1; normals of the same moments, since those are known from a "
        "thousand images"
    )
    remedy = "a KL weight of 1; where it is 1, a prior that learns where the codes are"

    def __call__(self, evidence: Evidence) -> Finding | None:
        if evidence.look is None or evidence.latent.support != "real":
            return None
        prior = evidence.look.prior
        if prior is None:
            return None
        codes = evidence.look.z
        dimensions = codes.shape[1]
        # Whole covariances of so many values would be of the noise of so few images.
        whole = len(codes) >= _FEWEST * dimensions
        nats = normal_kl(codes, prior, whole=whole) / dimensions
        weight = evidence.kl_weight
        light = weight < _LIGHT
        if nats < (_NATS if light else _NATS_AT_FULL_WEIGHT):
            return None
        if not light and len(evidence.rows) < FEWEST:
            return None
        spread = float(np.sqrt(np.mean(np.var(codes, axis=0))))
        prior_spread = float(np.sqrt(np.mean(np.var(prior, axis=0))))
        shown = (
            f"KL(q(z) || p(z)) is {nats:.3g} nats for each of {dimensions} dimensions; codes have "
            f"a standard deviation of {spread:.3g}, draws of the prior of {prior_spread:.3g}"
        )
        numbers = {"nats_a_dimension": nats, "spread": spread, "prior_spread": prior_spread}
        if light:
            return self.finding(
                f"{shown}; the KL weighs {weight:.3g} against -log p(x|z).",
                {**numbers, "kl_weight": weight},
                Cure(kl_weight_of_one(evidence), "the KL draws the codes to the prior"),
                cause="the KL's weight is too small",
            )
        changes = learned_prior(evidence)
        return self.finding(
            f"{shown}.",
            numbers,
            None if changes is None else Cure(changes, "it goes where the codes are"),
            advice="" if changes else "Sample by what is fitted to the codes: vaekit fit-sampler.",
        )


def normal_kl(a: np.ndarray, b: np.ndarray, *, whole: bool) -> float:
    """KL(N_a || N_b), nats, of the normals with the moments of draws `(N, D)` and `(M, D)`.

    whole: of all covariances; else of variances alone.
    """
    a, b = a.astype("float64"), b.astype("float64")
    shift = b.mean(axis=0) - a.mean(axis=0)
    if not whole:
        of_a, of_b = a.var(axis=0) + 1e-12, b.var(axis=0) + 1e-12
        return float(0.5 * np.sum((of_a + shift**2) / of_b - 1 + np.log(of_b / of_a)))
    tiny = 1e-12 * np.eye(a.shape[1])
    of_a, of_b = np.atleast_2d(np.cov(a.T)) + tiny, np.atleast_2d(np.cov(b.T)) + tiny
    ratio = np.linalg.solve(of_b, of_a)
    distance = shift @ np.linalg.solve(of_b, shift)
    return float(0.5 * (np.trace(ratio) - np.linalg.slogdet(ratio)[1] + distance - len(shift)))
