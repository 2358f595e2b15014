"""Latents that are too many or too few for the images."""

from __future__ import annotations

from vaekit.diagnosis.evidence import DEAD, Evidence
from vaekit.diagnosis.finding import Cure, Finding, Rule

_FEWEST = 4
_FULL = 2.0  # nats
_UNEXPLAINED = 0.25


class TooManyLatents(Rule):
    """Half of the latents and more are not in use, under a KL of its own weight."""

    name = "too-many-latents"
    title = "More latents than the images need"
    threshold = "half of the units or more, of at least 4, have a KL below 0.01 nats"
    source = (
        "a VAE prunes what it has no use for (Burda et al., arXiv:1509.00519, appendix C), which "
        "costs time and nothing else: a remark"
    )
    remedy = "as many latents as are in use"

    def __call__(self, evidence: Evidence) -> Finding | None:
        units = evidence.kl_units
        active = int((units >= DEAD).sum())
        if len(units) < _FEWEST or 2 * active > len(units) or not active:
            return None
        cure = Cure({"latent_dim": max(active, 2)}, "all of them are in use")
        return self.finding(
            f"{active} of {len(units)} units have a KL of {DEAD} nats or more.",
            {"active": active, "units": len(units)},
            cure if len(units) == evidence.config.latent_dim else None,
            remark=True,
        )


class TooFewLatents(Rule):
    """All latents are full, and much of the images is left that they don't tell."""

    name = "too-few-latents"
    title = "Fewer latents than the images need"
    threshold = (
        "each unit has a KL of 2 nats or more, and a quarter of the images' variance or more is "
        "left in the reconstruction's error"
    )
    source = (
        "a latent of 2 nats tells about 7 values apart and one that adds little has less (a bound, "
        "chosen); by pPCA what is left is of latents that there aren't. Two latents may be wanted, "
        "to be looked at: a remark"
    )
    remedy = "four times as many latents"

    def __call__(self, evidence: Evidence) -> Finding | None:
        units = evidence.kl_units
        if evidence.look is None or len(units) != evidence.config.latent_dim:
            return None
        if float(units.min()) < _FULL:
            return None
        error = evidence.error
        variance = evidence.look.variance
        if not error or error < _UNEXPLAINED * variance or evidence.kl_weight < 0.5:
            return None
        return self.finding(
            f"Each of {len(units)} units has a KL of {units.min():.2g} nats or more, and "
            f"{error / variance:.0%} of the images' variance is in the error.",
            {"least_kl": float(units.min()), "unexplained": error / variance},
            Cure({"latent_dim": 4 * evidence.config.latent_dim}, "they tell more of an image"),
            remark=True,
        )
