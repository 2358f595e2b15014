"""How much each unit of z is used: its KL, or the codes that images take."""

from __future__ import annotations

from typing import Any

import numpy as np

from vaekit.diagnosis import Diagnosis
from vaekit.page import finite
from vaekit.report.latent_data import kept_row
from vaekit.run import Run
from vaekit.types import Images


def units_data(run: Run, diagnosis: Diagnosis) -> dict[str, Any] | None:
    """The KL of each unit, nats, of held-out images; None where there is none to tell apart.

    active: how many values of z have a mean that varies over the images, where a latent tells it.
    """
    kl = diagnosis.evidence.kl_units
    if len(kl) == 0:
        return None
    return {
        "kl": [finite(value) for value in kl],
        "dead": diagnosis.evidence.dead_below,
        "active": kept_row(run).get("val_active_units"),
        "channels": len(run.latent_shape) > 1 and len(kl) == run.latent_shape[-1],
    }


def codes_data(run: Run, shown: Images) -> list[dict[str, Any]] | None:
    """How often the shown images have each code, for each number of a place; None without codes.

    counts: of those that occur, the most frequent first. size: how many codes there are, None
    where no latent says. perplexity: exp of the entropy of the counts.
    """
    model = run.model
    if model.latent.code_name is None or run.code_shape is None:
        return None
    codes = np.asarray(getattr(run.posterior(shown), model.latent.code_name))
    # Several numbers at a place, such as levels, are an axis more than z has places.
    columns = run.code_shape[-1] if len(run.code_shape) == len(model.latent_shape) else 1
    sizes = model.latent.code_sizes or (None,) * columns
    usage = []
    for column, size in zip(codes.reshape(-1, columns).T, sizes, strict=True):
        counts = np.sort(np.unique(column, return_counts=True)[1])[::-1]
        shares = counts / counts.sum()
        perplexity = float(np.exp(-np.sum(shares * np.log(shares))))
        usage.append({"counts": counts.tolist(), "size": size, "perplexity": perplexity})
    return usage
