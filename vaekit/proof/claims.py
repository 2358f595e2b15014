"""All that is claimed, in the order in which it is tried."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from vaekit.proof.claim import Claim
from vaekit.proof.conformance import claims_of_parts
from vaekit.proof.evidence import claims_of_evidence
from vaekit.proof.exact_posterior import claims_of_the_exact_posterior
from vaekit.proof.extent import Extent
from vaekit.proof.installed_plugins import claims_of_plugins
from vaekit.proof.laws import claims_of_laws
from vaekit.proof.likelihoods import claims_of_likelihoods
from vaekit.proof.linear_vae import LinearVAEs
from vaekit.proof.losses import claims_of_losses
from vaekit.proof.metrics import claims_of_metrics
from vaekit.proof.published.claims import claims_of_published
from vaekit.proof.steps import claims_of_steps


def claims(extent: Extent) -> Iterator[Claim]:
    """What is claimed of the kit and of every registered part."""
    yield from claims_of_plugins()
    yield from claims_of_laws()
    yield from claims_of_likelihoods()
    yield from claims_of_losses()
    yield from claims_of_steps(every_part=not extent.quick)
    yield from claims_of_the_exact_posterior()
    yield from claims_of_metrics(annealed=not extent.quick)
    with tempfile.TemporaryDirectory() as folder:
        yield from LinearVAEs(Path(folder)).claims(annealed=not extent.quick)
    yield from claims_of_evidence(integrate=not extent.quick)
    yield from claims_of_parts(contracts=extent.conformance)
    yield from claims_of_published(extent.published, extent.images, Path(extent.runs))
