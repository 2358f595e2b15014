"""The plugins that are installed: entry points of the group `vaekit`, found but not loaded."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import Distribution, EntryPoint, distributions
from typing import NamedTuple

from vaekit.errors import UserError, closest
from vaekit.hookspecs import PROJECT
from vaekit.registry import KIT, BrokenPlugin, canonical


class InstalledPlugin(NamedTuple):
    """One entry point, and the distribution that it belongs to."""

    distribution: str
    version: str
    point: EntryPoint

    @property
    def names(self) -> tuple[str, str]:
        """What it goes by for those who leave it out."""
        return (canonical(self.distribution), self.point.name)


def installed_plugins() -> tuple[list[InstalledPlugin], list[BrokenPlugin]]:
    """The plugins in a stable order, the kit's first; and those whose entry points are damaged.

    Of a distribution that is there twice on `sys.path`, the first counts, as it does for imports.
    """
    plugins, broken, names = [], [], set()
    for distribution in distributions():
        name, version = _name_and_version(distribution)
        key = canonical(name)
        if key in names:
            continue
        if name:
            names.add(key)
        try:
            points = distribution.entry_points.select(group=PROJECT)
        except Exception as error:
            text = _text(distribution)
            if f"[{PROJECT}]" in text:
                reason = f"its entry_points.txt can't be read: {type(error).__name__}: {error}"
                broken.append(BrokenPlugin("?", name or "?", version, reason, ""))
            continue
        plugins += [InstalledPlugin(name or p.module, version, p) for p in points]
    plugins.sort(key=_order)
    broken.sort(key=lambda plugin: plugin.distribution)
    return plugins, broken


def matching(names: Iterable[str], plugins: Iterable[InstalledPlugin]) -> set[InstalledPlugin]:
    """The plugins that go by these names, of entry points or of distributions.

    Raises `UserError` for a name that no plugin has, or only the kit's own.
    """
    plugins = list(plugins)
    matched = set()
    for name in names:
        of_name = {p for p in plugins if name == p.point.name or canonical(name) == p.names[0]}
        strangers = {plugin for plugin in of_name if plugin.distribution != KIT}
        if not strangers:
            if of_name:
                raise UserError(f"{name!r} is vaekit's own plugin, which can't be left out.")
            others = {each for p in plugins if p.distribution != KIT for each in p.names}
            raise UserError(f"There is no plugin {name!r} to leave out. {closest(name, others)}")
        matched |= strangers
    return matched


def _name_and_version(distribution: Distribution) -> tuple[str, str]:
    # One that is half removed has entry points and no metadata: no name, no version.
    try:
        metadata = distribution.metadata  # parsed anew each time that it is asked for
        return metadata["Name"] or "", metadata["Version"] or "unknown"
    except Exception:
        return "", "unknown"


def _text(distribution: Distribution) -> str:
    try:
        return distribution.read_text("entry_points.txt") or ""
    except Exception:  # not even text: nobody can say whose group it is
        return ""


def _order(plugin: InstalledPlugin) -> tuple[bool, str, str, str]:
    point = plugin.point
    return (plugin.distribution != KIT, canonical(plugin.distribution), point.name, point.value)
