"""What a measurement holds for: this processor, these versions, and what else decides speed."""

from __future__ import annotations

import hashlib
import os
import platform
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import psutil

from vaekit.startup.threads import usable_cores

# Variables that change how fast a backend is, if it isn't the kit that sets them.
_VARIABLES = (
    "ONEDNN_MAX_CPU_ISA",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
    "TF_XLA_FLAGS",
    "XLA_FLAGS",
    "OMP_NUM_THREADS",
    "MALLOC_MMAP_THRESHOLD_",
    "MALLOC_TRIM_THRESHOLD_",
    "MALLOC_ARENA_MAX",
    "LD_PRELOAD",
    "CUDA_VISIBLE_DEVICES",
)
_PACKAGES = ("vaekit", "keras", "numpy", "tensorflow", "jax", "jaxlib", "torch")
_CPU_FACTS = ("vendor_id", "model name", "cpu family", "model", "stepping", "flags", "Features")


def machine_of(backend: str, device: str | None) -> dict[str, Any]:
    """All that a measurement on this backend holds for; device: the one that was asked for."""
    facts = _processor()
    return {
        "backend": backend,
        "device": device,
        "processor": facts.get("model name") or platform.processor() or platform.machine(),
        "instructions": hashlib.sha256(repr(sorted(facts.items())).encode()).hexdigest()[:16],
        "cores": usable_cores(),
        "gpus": gpus(),
        "variables": {name: os.environ[name] for name in _VARIABLES if name in os.environ},
        "versions": {"python": platform.python_version(), **_versions()},
    }


def gpus() -> list[str]:
    """NVIDIA's GPUs, as the driver names them; asked before any library is loaded."""
    files = sorted(Path("/proc/driver/nvidia/gpus").glob("*/information"))
    return [_line_of(file, "Model:") for file in files]


def has_glibc() -> bool:
    """Whether the C library is one that `--allocator keep` can tell to keep memory."""
    return sys.platform == "linux" and platform.libc_ver()[0] == "glibc"


def fewer_threads() -> int | None:
    """One thread for each core, where a core runs several; None where it runs one."""
    cores = psutil.cpu_count(logical=False)
    return cores if cores and cores < usable_cores() else None


def _processor() -> dict[str, str]:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return {}
    facts: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(":")
        if name.strip() in _CPU_FACTS:
            facts.setdefault(name.strip(), value.strip())
    return facts


def _versions() -> dict[str, str]:
    versions = {}
    for package in _PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return versions


def _line_of(file: Path, begin: str) -> str:
    try:
        lines = file.read_text().splitlines()
    except OSError:
        return "unknown"
    return next((line.removeprefix(begin).strip() for line in lines if line.startswith(begin)), "")
