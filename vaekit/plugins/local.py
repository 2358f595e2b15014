"""Parts of a notebook or of a single file: registered by a call, without a distribution."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable

from vaekit.hookspecs import Register
from vaekit.plugins.bounded import time_limit
from vaekit.plugins.discovery import discover, keep
from vaekit.plugins.file import digest, plugin_file, register_file
from vaekit.plugins.loading import Offers, being_loaded
from vaekit.registry import KINDS, LOCAL, Kind
from vaekit.types import Factory


def load_plugin(path: str | os.PathLike[str]) -> None:
    """Load a plugin that is one Python file, for the rest of this process.

    The file implements hooks as an installed plugin does, or calls `vaekit.register_encoder` and
    its like. Loaded again, it takes the place of what it was. `--plugin FILE` is the same.

    Raises `vaekit.UserError` if there is no such file, or if it is broken.
    """
    keep(register_file(plugin_file(path), discover().registry, time_limit()))


def _registrar(kind: Kind) -> Register:
    def register(name: str, factory: Factory | str, *, summary: str = "") -> None:
        offers = being_loaded()
        if offers is not None:  # a plugin that calls instead of implementing a hook
            offers.take(kind.name, name, factory, summary)
            return
        offers = Offers(LOCAL, _content_of(factory))
        offers.take(kind.name, name, factory, summary)
        discover().registry.replace(*offers.parts)
        keep(offers.parts)

    register.__name__ = register.__qualname__ = f"register_{kind.name}"
    register.__doc__ = f"""Offer one {kind.name} to this process, without a distribution.

    name: what it goes by; the full name is `NAME@{LOCAL}`. Registered again, the name stands for
        the new factory.
    factory: what `vaekit.hookspecs.{kind.hook}` asks for: a callable, or "module:attribute".
    summary: one line for `vaekit plugins`.

    Raises `vaekit.PluginError` if the name is malformed or vaekit's own, or the factory is neither
    callable nor text.
    """
    return register


def _content_of(factory: Factory | str) -> str:
    """A digest of the factory's source, where there is one."""
    if not callable(factory):
        return "unknown"
    try:
        return digest(inspect.getsource(factory).encode())
    except (OSError, TypeError):  # made by hand, or typed into a bare prompt
        return "unknown"


# One for each kind, so that a new kind has one as well: `register_encoder`, ...
REGISTER: dict[str, Callable[..., None]] = {
    f"register_{kind.name}": _registrar(kind) for kind in KINDS.values()
}
