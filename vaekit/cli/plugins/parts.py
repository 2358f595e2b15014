"""The installed parts as these commands see them: by any of their names, as plain facts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vaekit.errors import UnknownNameError, closest

if TYPE_CHECKING:
    from vaekit.plugins import BrokenPlugin, Plugins
    from vaekit.registry import Component

FACTS = ("kind", "name", "distribution", "version", "summary")


def parts_called(found: Plugins, name: str) -> list[Component]:
    """Every part, of whatever kind, that goes by `name` or `name@distribution`."""
    return [part for part in found.registry if name in (part.name, part.full_name)]


def parts_from(found: Plugins, name: str) -> tuple[list[Component], list[BrokenPlugin]]:
    """Every part of the distribution `name`, and its plugins that are broken."""
    from packaging.utils import canonicalize_name

    wanted = canonicalize_name(name)
    return (
        [part for part in found.registry if canonicalize_name(part.distribution) == wanted],
        [plugin for plugin in found.broken if canonicalize_name(plugin.distribution) == wanted],
    )


def unknown(found: Plugins, name: str, what: str) -> UnknownNameError:
    """The error for a name that no `what` has; a broken plugin may be why."""
    known = {word for part in found.registry for word in (part.name, part.distribution)}
    sentence = f"There is no {what} {name!r}. {closest(name, known)}"
    if found.broken:
        sentence += " Some plugins are broken: see vaekit plugins list."
    return UnknownNameError(sentence)


def facts(part: Component) -> dict[str, str]:
    """What `--json` says of any part."""
    return {field: getattr(part, field) for field in FACTS}
