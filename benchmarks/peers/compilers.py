"""What `torch.compile` has to find on a machine, besides PyTorch."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
import sysconfig
from pathlib import Path


def missing_on_gpu() -> str | None:
    """What is not there of what Triton needs: it builds extensions of Python, in C.

    They are small, and launch its kernels.
    """
    if importlib.util.find_spec("triton") is None:
        return "Triton on a GPU"
    if not _has_compiler(os.environ.get("CC"), "gcc", "clang"):
        return "a C compiler on a GPU, for Triton (gcc, clang, or what CC names)"
    # Where Triton looks: of Debian's two schemes, the one that apt's Python is installed by.
    scheme = sysconfig.get_default_scheme().replace("posix_local", "posix_prefix")
    header = Path(sysconfig.get_path("include", scheme), "Python.h")
    if not header.is_file():
        return f"Python's headers on a GPU, for Triton ({header})"
    return None


def missing_on_processor() -> str | None:
    """What is not there of what Inductor needs: it writes C++."""
    usual = "clang++" if sys.platform == "darwin" else "g++"
    if os.environ.get("TORCH_INDUCTOR_INSTALL_GXX") or _has_compiler(os.environ.get("CXX"), usual):
        return None
    return f"a C++ compiler on a processor ({usual}, or what CXX names)"


def _has_compiler(variable: str | None, *usual: str) -> bool:
    """Whether the compiler that a variable names is there; where it is None, any usual one."""
    return any(map(shutil.which, usual if variable is None else (variable,)))
