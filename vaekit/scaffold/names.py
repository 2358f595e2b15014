"""What a new plugin is called: its distribution, its part and its package."""

from __future__ import annotations

import keyword
import re
import sys
from importlib import metadata
from importlib.util import find_spec
from typing import NamedTuple

from vaekit.errors import UserError
from vaekit.registry import Registry, canonical

PREFIX = "vaekit-"
_VALID = re.compile(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?", re.IGNORECASE | re.ASCII)  # PEP 508


class Names(NamedTuple):
    """One plugin's names.

    distribution: what pip installs, as PEP 503 normalises it (`vaekit-mine`).
    part: what users type: the distribution without a leading `vaekit-` (`mine`).
    package: what Python imports (`vaekit_mine`).
    """

    distribution: str
    part: str
    package: str


def names_for(name: str, kind: str, registry: Registry) -> Names:
    """The names of a new plugin with one part of this kind.

    Raises `UserError` if `name` is no valid distribution name, or if what follows from it can't
    be used or is taken: by an installed distribution, part or module.
    """
    if not _VALID.fullmatch(name):
        raise UserError(
            f"{name!r} is no name for a distribution: use letters, digits, '-', '_' and '.', and "
            "begin and end with a letter or a digit."
        )
    distribution = canonical(name)
    names = Names(distribution, distribution.removeprefix(PREFIX), distribution.replace("-", "_"))
    _check_distribution(names)
    _check_part(names, kind, registry)
    _check_package(names)
    return names


def _check_distribution(names: Names) -> None:
    try:
        installed = metadata.version(names.distribution)
    except metadata.PackageNotFoundError:
        return
    raise UserError(
        f"The distribution {names.distribution} {installed} is installed already: choose another "
        f"name, or `pip uninstall {names.distribution}` first."
    )


def _check_part(names: Names, kind: str, registry: Registry) -> None:
    owners = [p for p in registry if (p.kind, p.name) == (kind, names.part)]
    if owners:
        raise UserError(
            f"The {kind} {names.part!r} is taken by {owners[0].distribution} {owners[0].version}: "
            "choose another name."
        )


def _check_package(names: Names) -> None:
    package = names.package
    if not package.isidentifier() or keyword.iskeyword(package):
        raise UserError(
            f"{names.distribution} would hold the package {package!r}, which Python can't import: "
            f"choose another name, {PREFIX}{names.part} for one."
        )
    if package in sys.stdlib_module_names or _is_installed(package):
        raise UserError(
            f"{names.distribution} would hold the package {package!r}, and hide the module of that "
            f"name: choose another name, {PREFIX}{names.part} for one."
        )


def _is_installed(package: str) -> bool:
    spec = find_spec(package)
    return spec is not None and spec.origin is not None  # a mere folder has no origin
