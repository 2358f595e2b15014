"""Metrics of disentanglement: how the values of z go with the factors of images.

The factories are registered as text, so that finding this plugin imports no scikit-learn.
"""

from __future__ import annotations

import vaekit

VAEKIT_API_VERSION = 2

_HERE = "vaekit_disentanglement_metrics"


@vaekit.hookimpl
def register_metrics(register: vaekit.Register) -> None:
    """Offer the metrics."""
    register(
        "mig",
        f"{_HERE}.mig:mig",
        summary="Mutual information gap: whether each factor is in one value of z alone.",
    )
    register(
        "sap",
        f"{_HERE}.sap:sap",
        summary="SAP: whether each factor is predicted by one value of z alone.",
    )
    register(
        "dci",
        f"{_HERE}.dci:dci",
        summary="DCI: disentanglement, completeness and informativeness, by trees.",
    )
    register(
        "modularity",
        f"{_HERE}.modularity:modularity",
        summary="Modularity: whether each value of z is about one factor alone.",
    )
    register(
        "factor-vae-score",
        f"{_HERE}.factor_vae_score:factor_vae_score",
        summary="FactorVAE score: a factor is told by which value of z varies least.",
    )
    register(
        "beta-vae-score",
        f"{_HERE}.beta_vae_score:beta_vae_score",
        summary="beta-VAE score: a factor is told by how much each value of z differs.",
    )
    register(
        "irs",
        f"{_HERE}.irs:irs",
        summary="IRS: how little values of z move while one factor stays.",
    )
    register(
        "udr",
        f"{_HERE}.udr:udr",
        summary="UDR: how far other runs found the same values of z; needs no factors.",
    )
