"""Where a run is made: versions, backend and machine."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from pathlib import Path
from typing import Any

import keras

_PACKAGES = ("vaekit", "keras", "tensorflow", "jax", "torch", "numpy", "h5py")


def describe_environment() -> dict[str, Any]:
    """`backend`, `versions` and `machine`, here and now."""
    versions = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    machine = {
        "system": platform.platform(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "devices": _devices(),
    }
    return {"backend": keras.backend.backend(), "versions": versions, "machine": machine}


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
