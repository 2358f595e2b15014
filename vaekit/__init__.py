"""vaekit: variational autoencoders from parts chosen by name.

This is the public facade: everything that a user or a plugin needs is an attribute of `vaekit`.
Importing it imports neither Keras nor a plugin; each name is resolved on first use.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vaekit import distributions, schedules, testing
    from vaekit.api import load, load_model, load_weights, resume, train
    from vaekit.config import TrainConfig
    from vaekit.data import load_data, read_images
    from vaekit.errors import (
        BuildError,
        DataError,
        DataUnavailableError,
        ModelFileError,
        OptionError,
        UserError,
        VaekitError,
    )
    from vaekit.hookspecs import Register, hookimpl
    from vaekit.loss import Adversary, Loss
    from vaekit.run import Run
    from vaekit.types import Dataset, Images, Posterior, VAEOutput

_HOME = {
    "Adversary": "vaekit.loss",
    "BuildError": "vaekit.errors",
    "DataError": "vaekit.errors",
    "DataUnavailableError": "vaekit.errors",
    "Dataset": "vaekit.types",
    "Images": "vaekit.types",
    "Loss": "vaekit.loss",
    "ModelFileError": "vaekit.errors",
    "OptionError": "vaekit.errors",
    "Register": "vaekit.hookspecs",
    "Posterior": "vaekit.types",
    "Run": "vaekit.run",
    "TrainConfig": "vaekit.config",
    "UserError": "vaekit.errors",
    "VAEOutput": "vaekit.types",
    "VaekitError": "vaekit.errors",
    "hookimpl": "vaekit.hookspecs",
    "load": "vaekit.api",
    "load_data": "vaekit.data",
    "load_model": "vaekit.api",
    "load_weights": "vaekit.api",
    "read_images": "vaekit.data",
    "resume": "vaekit.api",
    "train": "vaekit.api",
}
_MODULES = ("distributions", "schedules", "testing")

__all__ = [
    "Adversary",
    "BuildError",
    "DataError",
    "DataUnavailableError",
    "Dataset",
    "Images",
    "Loss",
    "ModelFileError",
    "OptionError",
    "Posterior",
    "Register",
    "Run",
    "TrainConfig",
    "UserError",
    "VAEOutput",
    "VaekitError",
    "distributions",
    "hookimpl",
    "load",
    "load_data",
    "load_model",
    "load_weights",
    "read_images",
    "resume",
    "schedules",
    "testing",
    "train",
]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f"vaekit.{name}")
    if name in _HOME:
        return getattr(importlib.import_module(_HOME[name]), name)
    if name == "__version__":
        from importlib.metadata import version

        return version("vaekit")
    raise AttributeError(f"module 'vaekit' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
