"""What `run.json` says of the parts and of where the run was made."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from pathlib import Path
from typing import Any

import keras

from vaekit.model import Parts
from vaekit.registry import Component

_PACKAGES = ("vaekit", "keras", "tensorflow", "jax", "torch", "numpy", "h5py")


def describe_part(part: Component) -> dict[str, Any]:
    """Whose a part is: its name, distribution and version, and the file where it has no other."""
    described = {"name": part.name, "distribution": part.distribution, "version": part.version}
    return {**described, "source": part.source} if part.source else described


def describe_parts(parts: Parts) -> dict[str, Any]:
    """Each part of the model by kind: whose it is, and its options."""
    return {
        part.kind: {**describe_part(part), "options": options}
        for part, options in (
            (parts.encoder, parts.encoder_options),
            (parts.decoder, parts.decoder_options),
            (parts.loss, parts.loss_options),
        )
    }


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
