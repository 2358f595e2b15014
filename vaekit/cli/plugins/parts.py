"""The installed parts as these commands see them: by any of their names, as plain facts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vaekit.errors import UnknownNameError, closest
from vaekit.registry import BrokenPlugin, Component, canonical

if TYPE_CHECKING:
    from vaekit.plugins import Plugins

FACTS = ("kind", "name", "distribution", "version", "summary")


def parts_called(found: Plugins, name: str) -> list[Component]:
    """Every part, of whatever kind, that goes by `name` or `name@distribution`."""
    bare, _, distribution = name.partition("@")
    return [
        part
        for part in found.registry
        if part.name == bare
        and (not distribution or canonical(part.distribution) == canonical(distribution))
    ]


def parts_from(found: Plugins, name: str) -> tuple[list[Component], list[BrokenPlugin]]:
    """Every part of the distribution `name`, and its plugins that are broken."""
    wanted = canonical(name)
    return (
        [part for part in found.registry if canonical(part.distribution) == wanted],
        [plugin for plugin in found.broken if canonical(plugin.distribution) == wanted],
    )


def unknown(found: Plugins, name: str, what: str) -> UnknownNameError:
    """The error for a name that no `what` has."""
    known = {word for part in found.registry for word in (part.name, part.distribution)}
    return UnknownNameError(
        f"There is no {what} {name!r}. {closest(name, known)}{found.registry.missing()}"
    )


def facts(part: Component) -> dict[str, str]:
    """What `--json` says of any part."""
    return {field: getattr(part, field) for field in FACTS}
