"""The installed latents that a prior under check serves."""

from __future__ import annotations

from vaekit.latent import Latent, Prior
from vaekit.registry import KINDS
from vaekit.testing.subject import Subject, registered
from vaekit.testing.verdict import CheckSkipped

SHAPE = (8, 8, 1)


def latents_served(subject: Subject) -> list[Subject]:
    """Those of a support that the prior declares, that of a run that names none first.

    Skips the check if there is none.
    """
    prior: Prior = subject.make(2, SHAPE, **subject.options)
    default = KINDS["latent"].default
    served = []
    for part in sorted(registered("latent"), key=lambda part: part.name != default):
        latent = Subject(part)
        try:
            built: Latent = latent.make(latent.claims.latents[0], **latent.options)
        except Exception:  # another's latent, which may be broken
            continue
        if built.support in prior.supports and built.own_prior() is None:
            served.append(latent)
    if not served:
        raise CheckSkipped(f"no installed latent has z of support {' or '.join(prior.supports)}")
    return served
