"""A sweep of a few seconds, and files of it."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import tomli_w

from tests.small_nets import SMALL_NETS

RUN: dict[str, Any] = {
    **SMALL_NETS,
    "data": "digits",
    "limit": 64,
    "batch_size": 32,
    "epochs": 2,
    "loss": "beta",
    "kernels": "stock",
}
SWEEP: dict[str, Any] = {"run": RUN, "axes": {"latent_dim": [2, 3]}}


def sweep_of(**changes: Any) -> dict[str, Any]:
    """The sweep with some keys changed; those of `run` are put to its own."""
    values = copy.deepcopy(SWEEP)
    values["run"].update(changes.pop("run", {}))
    return {**values, **changes}


def written(folder: Path, **changes: Any) -> Path:
    """The sweep in a file."""
    file = folder / "sweep.toml"
    file.write_text(tomli_w.dumps(sweep_of(**changes)))
    return file
