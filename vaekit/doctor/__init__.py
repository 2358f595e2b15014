"""`vaekit doctor`: whether what is installed works, and what to do where it doesn't."""

from __future__ import annotations

from collections.abc import Iterator

from vaekit.doctor.backends import examine_backends
from vaekit.doctor.environment import (
    Finding,
    examine_bytecode,
    examine_machine,
    examine_packages,
    examine_plugins,
)

__all__ = ["Finding", "examine"]


def examine() -> Iterator[Finding]:
    """The findings about this machine and this environment, each as soon as it is known."""
    yield from examine_machine()
    yield from examine_packages()
    yield from examine_bytecode()
    yield from examine_plugins()
    yield from examine_backends()
