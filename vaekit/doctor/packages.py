"""Whether the packages that vaekit needs are there, in versions that it can use."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import metadata

from packaging.requirements import Requirement

from vaekit.doctor.finding import Finding

KIT = "vaekit"


def examine_packages() -> Iterator[Finding]:
    """A finding for the kit and for each package that its metadata names."""
    yield Finding("package", KIT, "ok", metadata.version(KIT))
    for text in metadata.requires(KIT) or ():
        requirement = Requirement(text)
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            yield _examine(requirement)


def _examine(requirement: Requirement) -> Finding:
    name, wanted = requirement.name, str(requirement.specifier) or "any version"
    remedy = f"pip install '{name}{requirement.specifier}'"
    try:
        version = metadata.version(name)
    except metadata.PackageNotFoundError:
        return Finding("package", name, "broken", f"not installed; vaekit needs {wanted}", remedy)
    if not requirement.specifier.contains(version, prereleases=True):
        return Finding("package", name, "broken", f"{version}; vaekit needs {wanted}", remedy)
    return Finding("package", name, "ok", version)
