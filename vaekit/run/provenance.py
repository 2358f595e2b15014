"""Whose parts a run was made with: found again, missed, or changed since."""

from __future__ import annotations

import shlex
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata

from vaekit.errors import RunError, UnknownNameError, UserError, VaekitError, VaekitWarning
from vaekit.model import Parts, resolve_parts
from vaekit.registry import LOCAL, Component, Registry, canonical
from vaekit.run_directory.record import PartRecord, RunRecord
from vaekit.wording import install_text, worded


def parts_of(record: RunRecord, registry: Registry) -> Parts:
    """The parts that a record names, as they are installed now.

    Raises `RunError` if one is missing, saying how to have it back.
    """
    names = {kind: find_part(kind, part, registry).full_name for kind, part in record.parts.items()}
    return resolve_parts(record.config.model_copy(update=names), registry)


def own_data(record: RunRecord, registry: Registry) -> str | None:
    """What to read the run's own data from, a name or a path; None if it was given arrays.

    Raises `RunError` if it is a plugin's data set, and that is missing.
    """
    if record.data.part is not None:
        find_part("dataset", record.data.part, registry)
    return record.data.reread


@contextmanager
def explained(record: RunRecord, registry: Registry) -> Iterator[None]:
    """Where something fails within, and parts have changed since the run was made, say so too."""
    try:
        yield
    except VaekitError as error:
        changes = changes_since(record, registry)
        if not changes:
            raise
        between = "\n" if "\n" in str(error) else " "  # a list, or a sentence
        raise RunError(between.join([str(error), *changes])) from error


def warn_of_changes(record: RunRecord, registry: Registry) -> None:
    """Warn (`VaekitWarning`) of each distribution that has another version than the run's."""
    for change in changes_since(record, registry):
        warnings.warn(change, VaekitWarning, stacklevel=3)


def warn_of_change(part: Component, was: PartRecord) -> None:
    """Warn (`VaekitWarning`) if a part has another version than what was made with it."""
    if part.version != was.version:
        warnings.warn(_change(part, was), VaekitWarning, stacklevel=3)


def changes_since(record: RunRecord, registry: Registry) -> list[str]:
    """A sentence for each distribution that has another version than when the run was made."""
    used = dict(record.parts)
    if record.data.part is not None:
        used["dataset"] = record.data.part
    sentences = []
    for kind, was in used.items():
        try:
            part = find_part(kind, was, registry)
        except RunError:
            continue
        if part.version != was.version:
            sentences.append(_change(part, was))
    return list(dict.fromkeys(sentences))  # one distribution often has several of the parts


def find_part(kind: str, was: PartRecord, registry: Registry) -> Component:
    """The part that a record names, as it is installed now.

    Raises `RunError` if it is missing or broken, saying how to have it back.
    """
    name, distribution = was.name, was.distribution
    try:
        return registry.get(kind, f"{name}@{distribution}")
    except UnknownNameError:
        how = _remedy(kind, was, registry)
        raise RunError(f"The run was made with the {kind} {name!r}, which {how}") from None
    except UserError as error:  # its plugin is broken
        raise RunError(f"The run needs a part that is broken. {error}") from error


def _remedy(kind: str, was: PartRecord, registry: Registry) -> str:
    name, distribution, version = was.name, was.distribution, was.version
    if distribution == LOCAL and was.source:
        file = was.source
        return "is not loaded: " + worded(
            f"--plugin {shlex.quote(file)}", f"vaekit.load_plugin({file!r})"
        )
    if distribution == LOCAL:
        return (
            f"was registered by a call: call vaekit.register_{kind}({name!r}, ...) in this process "
            "first."
        )
    install = install_text(f"{distribution}=={version}")
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


def _change(part: Component, was: PartRecord) -> str:
    distribution, version = was.distribution, was.version
    if distribution == LOCAL:
        whose = part.source or f"the call that registered the {part.kind} {part.name!r}"
        return f"The content of {whose} has changed since the run was made."
    return (
        f"The run was made with {distribution} {version}, and {part.version} is installed: "
        f"{install_text(f'{distribution}=={version}')}"
    )
