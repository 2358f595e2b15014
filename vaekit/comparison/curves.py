"""What the page's charts are of: a group's way through training, a run's rate and distortion."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from vaekit.comparison.comparable import BOUND, IMAGES, why_not
from vaekit.comparison.compared_run import ComparedRun
from vaekit.comparison.grouping import Group

_NOT_OF_TRAINING = ("epoch", "seconds", "images_per_s")


def curves_of(groups: Sequence[Group]) -> dict[str, list[dict[str, Any]]]:
    """By column of the history, of each group that has it, the mean and the spread by epoch.

    Held-out images come first, the ELBO before all.
    """
    rows = [row for group in groups for run in group.runs for row in run.history]
    names = dict.fromkeys(name for row in rows for name in row if name not in _NOT_OF_TRAINING)
    names = dict.fromkeys(name for name in names if "kl_dim_" not in name)
    first = sorted(
        names, key=lambda n: (not n.startswith("val_"), n.removeprefix("val_") != "elbo")
    )
    return {name: [_curve(group, name) for group in groups] for name in first}


def _curve(group: Group, name: str) -> dict[str, Any]:
    """epochs; mean and std over the runs that have a value then; empty where none has one."""
    values: dict[int, list[float]] = {}
    for run in group.runs:
        for row in run.history:
            if "epoch" in row and math.isfinite(row.get(name, math.nan)):
                values.setdefault(int(row["epoch"]), []).append(row[name])
    epochs = sorted(values)
    return {
        "group": group.name,
        "epochs": epochs,
        "mean": [float(np.mean(values[epoch])) for epoch in epochs],
        "std": [float(np.std(values[e], ddof=1)) if len(values[e]) > 1 else 0.0 for e in epochs],
    }


def rate_and_distortion(groups: Sequence[Group]) -> tuple[dict[str, Any] | None, str]:
    """The KL of each run against its reconstruction, and a sentence on what that is.

    The distortion is -E[log p(x|z)] = -ELBO - KL in nats where all runs bound log p(x) under one
    likelihood, else the mean squared error. None, with the reason, where the images differ, or no
    run has both.
    """
    reason = why_not(BOUND, groups)
    if reason is None:
        return _points(groups, "distortion, -E[log p(x|z)] (nats)", _distortion), (
            "Distortion is -ELBO - KL: the ELBO is the same on a line from top left to bottom "
            "right, and better nearer to the bottom left."
        )
    apart = why_not(IMAGES, groups)
    if apart is not None:
        return None, f"There is no chart: {apart}."
    return _points(groups, "distortion, mean squared error", _squared_error), (
        "Distortion is the mean squared error, since there is no -E[log p(x|z)] that is the same "
        f"quantity of all runs: {reason}."
    )


def _squared_error(run: ComparedRun) -> float | None:
    return run.values.get("mse")


def _distortion(run: ComparedRun) -> float | None:
    elbo, kl = run.values.get("elbo"), run.values.get("kl")
    return None if elbo is None or kl is None else -elbo - kl


def _points(
    groups: Sequence[Group], axis: str, distortion: Callable[[ComparedRun], float | None]
) -> dict[str, Any] | None:
    def own(group: Group) -> Iterable[dict[str, Any]]:
        for run in group.runs:
            rate, height = run.values.get("kl"), distortion(run)
            if rate is not None and height is not None:
                yield {"name": run.name, "value": [rate, height]}

    series = [{"group": group.name, "points": list(own(group))} for group in groups]
    return {"axis": axis, "series": series} if any(s["points"] for s in series) else None
