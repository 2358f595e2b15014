"""What is installed here and on what: the machine, the kit's packages, and the plugins."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator
from importlib import metadata
from typing import Literal, NamedTuple

from packaging.requirements import Requirement

from vaekit.memory import total_memory
from vaekit.plugins import discover
from vaekit.startup.bytecode import bytecode_remedy, bytecode_text, compiled_at_every_start
from vaekit.startup.threads import usable_cores
from vaekit.wording import install_text

KIT = "vaekit"
Status = Literal["ok", "absent", "broken"]
_GIB = 2**30


class Finding(NamedTuple):
    """One thing that was looked at.

    area: `machine`, `package`, `backend`, `plugin` or `run`.
    status: `absent` is something optional that isn't installed; `broken` wants mending.
    detail: what was seen.
    remedy: what to do about it; empty where there is nothing to do.
    """

    area: str
    subject: str
    status: Status
    detail: str
    remedy: str = ""


def examine_machine() -> Iterator[Finding]:
    """Findings about the machine; nothing of it can be broken."""
    yield Finding("machine", "python", "ok", f"{platform.python_version()} in {sys.prefix}")
    yield Finding("machine", "system", "ok", platform.platform())
    yield Finding("machine", "cores", "ok", f"{usable_cores()}")
    yield Finding("machine", "memory", "ok", f"{total_memory() / _GIB:.1f} GiB")


def examine_packages() -> Iterator[Finding]:
    """A finding for the kit and for each package that its metadata names."""
    yield Finding("package", KIT, "ok", metadata.version(KIT))
    for text in metadata.requires(KIT) or ():
        requirement = Requirement(text)
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            yield _examine_package(requirement)


def _examine_package(requirement: Requirement) -> Finding:
    name, versions = requirement.name, str(requirement.specifier) or "any version"
    remedy = install_text(f"{name}{requirement.specifier}")
    try:
        version = metadata.version(name)
    except metadata.PackageNotFoundError:
        return Finding("package", name, "broken", f"not installed; vaekit needs {versions}", remedy)
    if not requirement.specifier.contains(version, prereleases=True):
        return Finding("package", name, "broken", f"{version}; vaekit needs {versions}", remedy)
    return Finding("package", name, "ok", version)


def examine_bytecode() -> Iterator[Finding]:
    """A finding if the large libraries are compiled anew at every start; nothing breaks by it."""
    names = compiled_at_every_start()
    if names:
        yield Finding("machine", "bytecode", "absent", bytecode_text(names), bytecode_remedy(names))


def examine_plugins() -> Iterator[Finding]:
    """A finding for each distribution that offers parts, and for each plugin that failed."""
    plugins = discover()
    parts: dict[tuple[str, str], list[str]] = {}
    for part in plugins.registry:
        parts.setdefault((part.distribution, part.version), []).append(part.name)
    for (distribution, version), names in parts.items():
        yield Finding("plugin", distribution, "ok", f"{version}: {', '.join(names)}")
    for plugin in plugins.broken:
        yield Finding(
            "plugin",
            f"{plugin.entry_point} of {plugin.distribution}",
            "broken",
            f"{plugin.version}: {plugin.reason}",
            f"install another version, or pip uninstall {plugin.distribution}",
        )
