"""The checks of a decoder backbone."""

from __future__ import annotations

from vaekit.errors import BuildError
from vaekit.model import build_vae
from vaekit.testing.encoders import CHECKS as BACKBONE_CHECKS
from vaekit.testing.subject import Subject
from vaekit.testing.training import parts_with


def works_on_logits(subject: Subject) -> None:
    """The kit can take its last activation off, as losses on logits need."""
    claims = subject.claims
    try:
        build_vae(
            parts_with(subject), claims.least, latent_dim=claims.latents[0], scale="logits", seed=0
        )
    except BuildError as error:
        raise AssertionError(str(error)) from error


CHECKS = (*BACKBONE_CHECKS, works_on_logits)
