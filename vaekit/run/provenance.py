"""Whose parts a run was made with: found again, missed, or changed since."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from typing import Any

from vaekit.config import TrainConfig
from vaekit.errors import RunError, UnknownNameError, UserError, VaekitError, VaekitWarning
from vaekit.model import Parts, resolve_parts
from vaekit.registry import LOCAL, Component, Registry, canonical

_MODEL = ("encoder", "decoder", "loss")


def parts_of(record: dict[str, Any], registry: Registry) -> Parts:
    """The parts that a record names, as they are installed now.

    Raises `RunError` if one is missing, saying how to have it back.
    """
    names = {kind: _find(kind, record["parts"][kind], registry).full_name for kind in _MODEL}
    config = TrainConfig.checked(record["config"])
    return resolve_parts(config.model_copy(update=names), registry)


def own_data(record: dict[str, Any], registry: Registry) -> str | None:
    """What to read the run's own data from, a name or a path; None if it was given arrays.

    Raises `RunError` if it is a plugin's data set, and that is missing.
    """
    data = record["data"]
    if data.get("part"):
        _find("dataset", data["part"], registry)
    source: str | None = data["reread"]
    return source


@contextmanager
def explained(record: dict[str, Any], registry: Registry) -> Iterator[None]:
    """Where something fails within, and parts have changed since the run was made, say so too."""
    try:
        yield
    except VaekitError as error:
        changes = changes_since(record, registry)
        if not changes:
            raise
        between = "\n" if "\n" in str(error) else " "  # a list, or a sentence
        raise RunError(between.join([str(error), *changes])) from error


def warn_of_changes(record: dict[str, Any], registry: Registry) -> None:
    """Warn (`VaekitWarning`) of each distribution that has another version than the run's."""
    for change in changes_since(record, registry):
        warnings.warn(change, VaekitWarning, stacklevel=3)


def changes_since(record: dict[str, Any], registry: Registry) -> list[str]:
    """A sentence for each distribution that has another version than when the run was made."""
    used = {kind: record["parts"][kind] for kind in _MODEL}
    if record["data"].get("part"):
        used["dataset"] = record["data"]["part"]
    sentences = []
    for kind, was in used.items():
        try:
            part = _find(kind, was, registry)
        except RunError:
            continue
        if part.version != was["version"]:
            sentences.append(_change(part, was))
    return list(dict.fromkeys(sentences))  # one distribution often has several of the parts


def _find(kind: str, was: dict[str, Any], registry: Registry) -> Component:
    name, distribution = was["name"], was["distribution"]
    try:
        return registry.get(kind, f"{name}@{distribution}")
    except UnknownNameError:
        how = _remedy(kind, was, registry)
        raise RunError(f"The run was made with the {kind} {name!r}, which {how}") from None
    except UserError as error:  # its plugin is broken
        raise RunError(f"The run needs a part that is broken. {error}") from error


def _remedy(kind: str, was: dict[str, Any], registry: Registry) -> str:
    name, distribution, version = was["name"], was["distribution"], was["version"]
    if distribution == LOCAL and was.get("source"):
        file = was["source"]
        return f"is not loaded: --plugin {file}, or vaekit.load_plugin({file!r}) in Python."
    if distribution == LOCAL:
        return (
            f"was registered by a call: call vaekit.register_{kind}({name!r}, ...) in this process "
            "first."
        )
    install = f"pip install {distribution}=={version}"
    if canonical(distribution) in map(canonical, registry.left_out):
        return (
            f"is left out with its distribution {distribution}: drop --no-plugin, or unset "
            "VAEKIT_DISABLE_PLUGINS."
        )
    try:
        installed = metadata.version(distribution)
    except (metadata.PackageNotFoundError, ValueError):
        return f"is not installed: {install}"
    return f"{distribution} {installed} does not have: {install}"


def _change(part: Component, was: dict[str, Any]) -> str:
    distribution, version = was["distribution"], was["version"]
    if distribution == LOCAL:
        whose = part.source or f"the call that registered the {part.kind} {part.name!r}"
        return f"The content of {whose} has changed since the run was made."
    return (
        f"The run was made with {distribution} {version}, and {part.version} is installed: "
        f"pip install {distribution}=={version}"
    )
