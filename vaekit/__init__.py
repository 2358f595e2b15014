"""vaekit: variational autoencoders from parts chosen by name.

This is the public facade: everything that a user or a plugin needs is an attribute of `vaekit`.
Importing it imports neither Keras nor a plugin; each name is resolved on first use.
"""

from __future__ import annotations

import ast
import importlib
import sys
from pathlib import Path
from typing import Any


def _homes() -> dict[str, str]:
    """Public names, and the modules that they are in: the imports of the stub beside this file.

    Type checkers read the same stub, so there is one list.
    """
    stub = ast.parse(Path(__file__).with_suffix(".pyi").read_text("utf-8"))
    imports = (line for line in stub.body if isinstance(line, ast.ImportFrom))
    return {alias.name: str(line.module) for line in imports for alias in line.names}


_HOME = _homes()

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    home = _HOME.get(name)
    if home == __name__:  # one of the public modules
        return _imported(f"{__name__}.{name}")
    if home is not None:
        return getattr(_imported(home), name)
    if name == "__version__":
        from importlib.metadata import version

        return version("vaekit")
    if name.startswith("register_"):  # one for each kind of part: `register_encoder`, ...
        from vaekit.plugins import REGISTER

        if name in REGISTER:
            return REGISTER[name]
    raise AttributeError(f"module 'vaekit' has no attribute {name!r}")


def _imported(module: str) -> Any:
    """A module of the kit; many need Keras, whose backend must not chatter when it starts."""
    if module in sys.modules:
        return sys.modules[module]
    from vaekit.startup.quiet import quiet_start

    with quiet_start():
        return importlib.import_module(module)


def __dir__() -> list[str]:
    from vaekit.plugins import REGISTER

    return sorted([*__all__, *REGISTER, "__version__"])
