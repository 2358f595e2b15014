"""A trial on one line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from vaekit.sweeps.results import SweptTrial


def trial_line(
    trials: Sequence[SweptTrial], number: int, *, total: int, metric: str, seconds: float
) -> str:
    """What became of the trial that has just ended, and how many have.

    `[4/12] trial-003 complete: val_elbo -120.31, 8 epochs, 12.3 s; latent_dim=2 loss_opt.beta=4`
    """
    trial = trials[number]
    ended = sum(each.state != "unfinished" for each in trials)
    facts = [] if trial.value is None else [f"{metric} {trial.value:.6g}"]
    if trial.epochs:
        facts.append(f"{trial.epochs} epoch{'' if trial.epochs == 1 else 's'}")
    facts.append(f"{seconds:.1f} s")
    why = f": {trial.why}" if trial.why else ""
    head = f"[{ended}/{total}] {trial.name} {trial.state}"
    return f"{head}: {', '.join(facts)}; {values_text(trial.values)}{why}"


def values_text(values: Mapping[str, Any]) -> str:
    """Values of the axes as `latent_dim=2 loss_opt.beta=4`."""
    return " ".join(f"{name}={value_text(value)}" for name, value in values.items())


def value_text(value: Any) -> str:
    """A value as short as it can be told from others."""
    return f"{value:.6g}" if isinstance(value, float) else str(value)
