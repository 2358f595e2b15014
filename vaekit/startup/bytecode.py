"""Whether libraries are compiled from their sources at every start."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

_LARGE = ("keras", "tensorflow", "torch", "jax", "matplotlib")


def compiled_at_every_start() -> list[str]:
    """Those of the large libraries whose bytecode is not kept, and can't be by this process.

    pip writes it as it installs; uv leaves it to the first import, which can't where the folder is
    read-only or `PYTHONDONTWRITEBYTECODE` is set. TensorFlow and Keras together have thousands of
    files.
    """
    return [name for name in _LARGE if _compiled_anew(name)]


def bytecode_text(names: list[str]) -> str:
    """What that means, in a sentence without its end."""
    why = "PYTHONDONTWRITEBYTECODE is set" if sys.dont_write_bytecode else "the folder is read-only"
    return f"no bytecode is kept of {', '.join(names)} ({why}), so each start compiles them anew"


def bytecode_remedy(names: list[str]) -> str:
    """What keeps their bytecode."""
    spec = importlib.util.find_spec(names[0])
    assert spec is not None
    assert spec.origin is not None
    return f"{Path(sys.executable).name} -m compileall -q {Path(spec.origin).parents[1]}"


def _compiled_anew(name: str) -> bool:
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):  # a module that is half there
        return False
    if spec is None or spec.cached is None or Path(spec.cached).exists():
        return False
    return sys.dont_write_bytecode or not os.access(Path(spec.cached).parents[1], os.W_OK)
