"""What these commands share: parts by any of their names, as plain facts, as one JSON document."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext, redirect_stdout
from typing import TYPE_CHECKING, Any

import click

from vaekit.errors import UnknownNameError, closest
from vaekit.registry import BrokenPlugin, Component, canonical

if TYPE_CHECKING:
    from vaekit.model import HeldVariables
    from vaekit.plugins import Plugins

# The images that a part is built for, to be shown.
SIZES = ((28, 28, 1), (64, 64, 3))

FACTS = ("kind", "name", "distribution", "version", "summary")


def parts_called(plugins: Plugins, name: str) -> list[Component]:
    """Every part, of whatever kind, that goes by `name` or `name@distribution`."""
    bare, _, distribution = name.partition("@")
    return [
        part
        for part in plugins.registry
        if part.name == bare
        and (not distribution or canonical(part.distribution) == canonical(distribution))
    ]


def parts_from(plugins: Plugins, name: str) -> tuple[list[Component], list[BrokenPlugin]]:
    """Every part of the distribution `name`, and its plugins that are broken."""
    distribution = canonical(name)
    return (
        [part for part in plugins.registry if canonical(part.distribution) == distribution],
        [plugin for plugin in plugins.broken if canonical(plugin.distribution) == distribution],
    )


def unknown(plugins: Plugins, name: str, what: str) -> UnknownNameError:
    """The error for a name that no `what` has."""
    names = {word for part in plugins.registry for word in (part.name, part.distribution)}
    return UnknownNameError(
        f"There is no {what} {name!r}. {closest(name, names)}{plugins.registry.missing()}"
    )


def facts(part: Component) -> dict[str, str]:
    """What `--json` says of any part."""
    return {field: getattr(part, field) for field in FACTS}


def shape_text(shape: Iterable[int]) -> str:
    """A shape for people: `28x28x1`."""
    return "x".join(map(str, shape))


def variable_facts(held: HeldVariables) -> list[dict[str, Any]]:
    """What `--json` says of each variable that a part holds."""
    trainable = {id(variable) for variable in held.trainable}
    return [
        {"name": v.path, "shape": list(v.shape), "trainable": id(v) in trainable}
        for v in held.variables
    ]


def variables_text(variables: list[dict[str, Any]]) -> str:
    """The same for people."""
    names = (v["name"] + ("" if v["trainable"] else " (not trainable)") for v in variables)
    return ", ".join(names) or "none"


def json_alone(as_json: bool) -> AbstractContextManager[Any]:
    """Send what is printed to standard error, where a document is to follow.

    Not only ours: a plugin may print as it's imported.
    """
    return redirect_stdout(sys.stderr) if as_json else nullcontext()


def print_json(document: Any) -> None:
    """Print it; what JSON doesn't know, the default of an option for one, is told as a text."""
    click.echo(json.dumps(document, indent=2, default=str))
