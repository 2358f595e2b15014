"""Everything that there is to choose from: installed plugins, plugin files and calls."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from vaekit.errors import PluginError, UserError
from vaekit.plugins.bounded import time_limit
from vaekit.plugins.file import plugin_file, register_file
from vaekit.plugins.installed import InstalledPlugin, installed_plugins, matching
from vaekit.plugins.loading import Offers, being_loaded, load, reason_of, traceback_of
from vaekit.registry import KIT, LOCAL, BrokenPlugin, Component, Registry, canonical

DISABLE = "VAEKIT_DISABLE_PLUGINS"


@dataclass
class Plugins:
    """What discovery found: the parts, and the plugins that failed."""

    registry: Registry = field(default_factory=Registry)

    @property
    def broken(self) -> list[BrokenPlugin]:
        """The plugins that could not be loaded, in the order in which they were tried."""
        return self.registry.broken


@dataclass(frozen=True)
class _Selection:
    """What the command line asked for: plugins to leave out, and files to load."""

    without: frozenset[tuple[str, str]] = frozenset()
    files: tuple[Path, ...] = ()


_selection = _Selection()
_local_parts: dict[tuple[str, str], Component] = {}  # what calls registered, by kind and name


@contextmanager
def selected(*, without: Iterable[str] = (), files: Iterable[str] = ()) -> Iterator[None]:
    """Within this context, leave these plugins out, and load these files.

    without: names of entry points or of distributions; those plugins aren't even imported.

    Raises `UserError` if there is no such plugin or file, or if the plugin is the kit's own.
    """
    global _selection
    names = frozenset(p.names for p in matching(without, installed_plugins()[0]))
    paths = [plugin_file(path) for path in files]
    before = _selection
    _selection = _Selection(before.without | names, tuple(dict.fromkeys([*before.files, *paths])))
    discover.cache_clear()
    try:
        yield
    finally:
        _selection = before
        discover.cache_clear()


def plugin_files() -> tuple[str, ...]:
    """The files that were asked for as plugins, or loaded as such."""
    files = [str(file) for file in _selection.files]
    files += [part.source for part in _local_parts.values() if part.source]
    return tuple(dict.fromkeys(files))


def selection_words() -> list[str]:
    """The words of a command line by which another process has the same plugins.

    Parts that calls registered aren't among them, but for those of files.
    """
    words = [word for file in plugin_files() for word in ("--plugin", file)]
    left_out = sorted({distribution for distribution, _ in _selection.without})
    return words + [word for name in left_out for word in ("--no-plugin", name)]


def selection() -> dict[str, list[str]]:
    """What `selected` has to be given in another process, so that it finds what this one does.

    Parts that calls registered aren't among it, but for those of files.
    """
    return {
        "without": sorted({name for names in _selection.without for name in names}),
        "files": list(plugin_files()),
    }


def refuse_parts_of_calls(used: Iterable[tuple[str, str]]) -> None:
    """Raise `UserError` if a call registered a part that other processes are to make.

    used: kinds and names of the parts that they need.
    """
    for kind, name in used:
        part = _local_parts.get((kind, name.partition("@")[0]))
        if part is not None and not part.source:
            raise UserError(
                f"The {kind} {name!r} was registered by a call in this process, and those that "
                "train are others: put it into a file, and load that with vaekit.load_plugin."
            )


@cache
def discover() -> Plugins:
    """Load every plugin that is installed or asked for, once a process.

    Whatever one of them does wrong is kept as a `BrokenPlugin`, and the rest goes on.

    Raises `UserError` if a file that was asked for is broken.
    """
    if being_loaded() is not None:
        raise PluginError("it asks for other parts while it is loaded; a factory may, a plugin not")
    seconds = time_limit()
    discovered = Plugins()
    plugins, damaged = installed_plugins()
    discovered.registry.broken += damaged
    for plugin in plugins:
        if _is_left_out(plugin):
            discovered.registry.left_out.add(plugin.distribution)
        else:
            _add(discovered.registry, plugin, seconds)
    for file in _selection.files:
        register_file(file, discovered.registry, seconds)
    discovered.registry.replace(*_local_parts.values())
    return discovered


def keep(parts: Iterable[Component]) -> None:
    """Have every later discovery of this process find these parts, too."""
    _local_parts.update({(part.kind, part.name): part for part in parts})


def _is_left_out(plugin: InstalledPlugin) -> bool:
    if plugin.distribution == KIT:
        return False
    disabled = os.environ.get(DISABLE, "").strip().lower() not in ("", "0", "false", "no", "off")
    return disabled or plugin.names in _selection.without


def _add(registry: Registry, plugin: InstalledPlugin, seconds: float) -> None:
    point, distribution, version = plugin.point, plugin.distribution, plugin.version
    offers = Offers(distribution, version)
    error = load(point.load, point.module, offers, seconds)
    if error is None:
        try:
            if canonical(distribution) == LOCAL:
                raise PluginError(f"the name {LOCAL!r} is kept for parts without a distribution")
            registry.add(*offers.parts)
        except PluginError as refused:
            error = refused
    if error is not None:
        reason, text = reason_of(error), traceback_of(error)
        registry.broken.append(BrokenPlugin(point.name, distribution, version, reason, text))


def warn_of_broken() -> None:
    """One line on standard error for each plugin that failed to load."""
    for plugin in discover().broken:
        print(f"vaekit: plugin {plugin.title} is left out: {plugin.reason}", file=sys.stderr)
