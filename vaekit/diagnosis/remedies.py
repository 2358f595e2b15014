"""What cures change: fields of a config, by what the run's own parts offer."""

from __future__ import annotations

import typing
from collections.abc import Mapping
from typing import Any

from vaekit.diagnosis.evidence import Evidence
from vaekit.registry import KINDS

_UNITS = 256  # of a dense layer that is wide enough for small images
Changes = Mapping[str, Any]


def kl_weight_of_one(evidence: Evidence) -> Changes:
    """The run whose KL weighs what it does in the ELBO, by its loss's own option if it has one."""
    declared = evidence.declared_kl_weight
    if declared is not None:
        return {"loss_opt": {declared[0]: 1.0}}
    return plain_elbo(evidence)


def plain_elbo(evidence: Evidence) -> Changes:
    """The run under the ELBO itself, of the likelihood that its loss names, or one like it."""
    return {"loss": "elbo", "loss_opt": _likelihood(evidence)}


def warmed_up(evidence: Evidence) -> Changes:
    """The run whose KL grows from 0 to its weight over half of the steps."""
    steps = max(evidence.steps // 2, 1)
    warm = {"schedule": "linear", "steps": steps}
    if warm.keys() <= evidence.options["loss"].keys():
        return {"loss_opt": warm}
    return {"loss": "beta", "loss_opt": {"beta": 1.0, **warm, **_likelihood(evidence)}}


def calibrated(evidence: Evidence, error: float) -> Changes:
    """The run whose pixels vary by `error`, their mean squared one, or by what it will be."""
    options = evidence.options["loss"]
    if "likelihood" in options and "optimal-gaussian" in _choices(evidence):
        default = options["sigma"].default if "sigma" in options else None
        sigma = {"sigma": default} if default is not None else {}
        return {"loss_opt": {"likelihood": "optimal-gaussian", **sigma}}
    if "sigma" in options:
        return {"loss_opt": {"sigma": float(f"{error**0.5:.2g}")}}
    if "weight" in options:
        return {"loss_opt": {"weight": float(f"{evidence.pixels / (2 * error):.3g}")}}
    return {"loss": "sigma"}


def learned_prior(evidence: Evidence) -> Changes | None:
    """The run with a mixture as its prior; None where the latent has its own, or the run one."""
    if evidence.latent.own_prior() is not None or "prior" in evidence.config.parts:
        return None
    return {"prior": "mixture"}


def usual_decoder() -> Changes:
    """The run with the decoder that is taken where none is named."""
    return {"decoder": KINDS["decoder"].default}


def larger_encoder(evidence: Evidence) -> Changes:
    """The run with wider layers in its encoder, or with the one that is taken where none is named.

    Widths go by the names that backbones give them: `width`, `units`.
    """
    values = evidence.config.part_options["encoder"]
    options = evidence.options["encoder"]
    if "units" in options:
        return {"encoder_opt": {"units": [max(4 * u, _UNITS) for u in values["units"]]}}
    if "width" in options:
        return {"encoder_opt": {"width": max(4 * values["width"], options["width"].default)}}
    return {"encoder": KINDS["encoder"].default}


def _likelihood(evidence: Evidence) -> dict[str, Any]:
    """The options of a kit's loss by which its p(x|z) is the run's, or one like it."""
    values = evidence.config.part_options["loss"]
    if "likelihood" in values:
        return {name: values[name] for name in ("likelihood", "sigma") if name in values}
    if evidence.needs.scale == "logits":
        return {"likelihood": "bernoulli"}
    return {"likelihood": "optimal-gaussian"}


def _choices(evidence: Evidence) -> tuple[Any, ...]:
    return typing.get_args(evidence.options["loss"]["likelihood"].annotation)
