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
    from vaekit.distributions import Posterior
    from vaekit.errors import (
        BuildError,
        DataError,
        DataUnavailableError,
        ModelFileError,
        OptionError,
        PluginError,
        RunError,
        UserError,
        VaekitError,
        VaekitWarning,
    )
    from vaekit.hookspecs import API_VERSION, Register, hookimpl
    from vaekit.loss import Adversary, Loss
    from vaekit.plugins import load_plugin
    from vaekit.run import Run
    from vaekit.types import Dataset, Images, VAEOutput

_HOME = {
    "API_VERSION": "vaekit.hookspecs",
    "Adversary": "vaekit.loss",
    "BuildError": "vaekit.errors",
    "DataError": "vaekit.errors",
    "DataUnavailableError": "vaekit.errors",
    "Dataset": "vaekit.types",
    "Images": "vaekit.types",
    "Loss": "vaekit.loss",
    "ModelFileError": "vaekit.errors",
    "OptionError": "vaekit.errors",
    "PluginError": "vaekit.errors",
    "RunError": "vaekit.errors",
    "Register": "vaekit.hookspecs",
    "Posterior": "vaekit.distributions",
    "Run": "vaekit.run",
    "TrainConfig": "vaekit.config",
    "UserError": "vaekit.errors",
    "VAEOutput": "vaekit.types",
    "VaekitError": "vaekit.errors",
    "VaekitWarning": "vaekit.errors",
    "hookimpl": "vaekit.hookspecs",
    "load": "vaekit.api",
    "load_data": "vaekit.data",
    "load_model": "vaekit.api",
    "load_plugin": "vaekit.plugins",
    "load_weights": "vaekit.api",
    "read_images": "vaekit.data",
    "resume": "vaekit.api",
    "train": "vaekit.api",
}
_MODULES = ("distributions", "schedules", "testing")

__all__ = [
    "API_VERSION",
    "Adversary",
    "BuildError",
    "DataError",
    "DataUnavailableError",
    "Dataset",
    "Images",
    "Loss",
    "ModelFileError",
    "OptionError",
    "PluginError",
    "Posterior",
    "Register",
    "Run",
    "RunError",
    "TrainConfig",
    "UserError",
    "VAEOutput",
    "VaekitError",
    "VaekitWarning",
    "distributions",
    "hookimpl",
    "load",
    "load_data",
    "load_model",
    "load_plugin",
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
    if name.startswith("register_"):  # one for each kind of part: `register_encoder`, ...
        from vaekit.plugins import REGISTER

        if name in REGISTER:
            return REGISTER[name]
    raise AttributeError(f"module 'vaekit' has no attribute {name!r}")


def __dir__() -> list[str]:
    from vaekit.plugins import REGISTER

    return sorted([*__all__, *REGISTER, "__version__"])
