"""Everything that the doctor looks at, in order."""

from __future__ import annotations

from collections.abc import Iterator

from vaekit.doctor.backends import examine_backends
from vaekit.doctor.finding import Finding
from vaekit.doctor.machine import examine_machine
from vaekit.doctor.packages import examine_packages
from vaekit.plugins import discover


def examine() -> Iterator[Finding]:
    """The findings about this machine and this environment, each as soon as it is known."""
    yield from examine_machine()
    yield from examine_packages()
    yield from _examine_plugins()
    yield from examine_backends()


def _examine_plugins() -> Iterator[Finding]:
    """A finding for each distribution that offers parts, and for each plugin that failed."""
    found = discover()
    parts: dict[tuple[str, str], list[str]] = {}
    for part in found.registry:
        parts.setdefault((part.distribution, part.version), []).append(part.name)
    for (distribution, version), names in parts.items():
        yield Finding("plugin", distribution, "ok", f"{version}: {', '.join(names)}")
    for plugin in found.broken:
        yield Finding(
            "plugin",
            f"{plugin.entry_point} of {plugin.distribution}",
            "broken",
            f"{plugin.version}: {plugin.reason}",
            f"install another version, or pip uninstall {plugin.distribution}",
        )
