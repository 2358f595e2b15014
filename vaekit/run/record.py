"""What `run.json` says of the parts and of where the run was made, and the way back."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from pathlib import Path
from typing import Any

import keras

from vaekit.config import TrainConfig
from vaekit.errors import RunError, UnknownNameError
from vaekit.model import Parts, resolve_parts
from vaekit.registry import Registry

_PACKAGES = ("vaekit", "keras", "tensorflow", "jax", "torch", "numpy", "h5py")


def describe_parts(parts: Parts) -> dict[str, Any]:
    """Each part by kind: its name, distribution, version and options."""
    return {
        part.kind: {
            "name": part.name,
            "distribution": part.distribution,
            "version": part.version,
            "options": options,
        }
        for part, options in (
            (parts.encoder, parts.encoder_options),
            (parts.decoder, parts.decoder_options),
            (parts.loss, parts.loss_options),
        )
    }


def parts_of(record: dict[str, Any], registry: Registry) -> Parts:
    """The parts that a record names, as they are installed now.

    Raises `RunError` if one is missing, saying what to install.
    """
    for kind in ("encoder", "decoder", "loss"):
        was = record["parts"][kind]
        try:
            part = registry.get(kind, f"{was['name']}@{was['distribution']}")
        except UnknownNameError:
            raise RunError(
                f"The run was made with the {kind} {was['name']!r}, which is not installed: "
                f"pip install {was['distribution']}=={was['version']}"
            ) from None
        if part.distribution != was["distribution"]:
            raise RunError(f"The {kind} {was['name']!r} now comes from {part.distribution}.")
    config = TrainConfig.checked(record["config"])
    return resolve_parts(
        config.model_copy(
            update={
                kind: f"{record['parts'][kind]['name']}@{record['parts'][kind]['distribution']}"
                for kind in ("encoder", "decoder", "loss")
            }
        ),
        registry,
    )


def describe_environment() -> dict[str, Any]:
    """Versions of what took part, and the machine."""
    versions = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return {
        "backend": keras.backend.backend(),
        "versions": versions,
        "machine": {
            "system": platform.platform(),
            "processor": _processor(),
            "cores": os.cpu_count(),
            "devices": _devices(),
        },
    }


def _devices() -> list[str]:
    if keras.backend.backend() == "torch":  # Keras 3.15 lists no devices there
        return [str(keras.ops.zeros(()).device)]
    return list(keras.distribution.list_devices()) or ["cpu"]


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()
