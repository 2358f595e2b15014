"""Finding plugins: every entry point of the group `vaekit`, the kit's own among them.

Each is loaded alone, in a stable order, so that one broken plugin takes nothing else down.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import pluggy

from vaekit import hookspecs
from vaekit.registry import KINDS, KIT, Component, Registry
from vaekit.types import Factory


@dataclass(frozen=True)
class BrokenPlugin:
    """A plugin that could not be loaded, and why."""

    entry_point: str
    distribution: str
    version: str
    reason: str
    traceback: str


@dataclass
class Plugins:
    """What discovery found: the parts, and the plugins that failed."""

    registry: Registry = field(default_factory=Registry)
    broken: list[BrokenPlugin] = field(default_factory=list)


@cache
def discover() -> Plugins:
    """Load every installed plugin, once a process."""
    found = Plugins()
    points = entry_points(group=hookspecs.PROJECT)
    for point in sorted(points, key=_order):
        distribution, version = _origin(point)
        try:
            found.registry.add(*_load(point, distribution, version))
        except (Exception, SystemExit) as error:
            reason = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
            found.broken.append(
                BrokenPlugin(point.name, distribution, version, reason, traceback.format_exc())
            )
    return found


def _origin(point: EntryPoint) -> tuple[str, str]:
    # A half-removed distribution has entry points and no metadata: no name, no version.
    name, version = (point.dist.name, point.dist.version) if point.dist else (None, None)
    return name or point.module, version or "unknown"


def _order(point: EntryPoint) -> tuple[bool, str, str]:
    distribution, _ = _origin(point)
    return (distribution != KIT, distribution, point.name)


def _load(point: EntryPoint, distribution: str, version: str) -> list[Component]:
    """The parts of one plugin. A manager of its own tells its hooks from everyone else's."""
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    manager.register(point.load(), point.name)
    manager.check_pending()  # a hook that the kit doesn't know is misspelled
    parts: list[Component] = []

    def registrar(kind: str) -> Callable[..., None]:
        def register(name: str, factory: Factory | str, *, summary: str = "") -> None:
            parts.append(Component(kind, name, summary, factory, distribution, version))

        return register

    for kind in KINDS.values():
        hook: Any = getattr(manager.hook, kind.hook)
        hook(register=registrar(kind.name))
    return parts


def warn_of_broken() -> None:
    """One line on standard error for each plugin that failed to load."""
    for plugin in discover().broken:
        print(
            f"vaekit: plugin {plugin.entry_point} of {plugin.distribution} {plugin.version} is "
            f"left out: {plugin.reason}",
            file=sys.stderr,
        )
