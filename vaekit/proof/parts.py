"""Which parts are held to anything: those that distributions offer."""

from __future__ import annotations

from vaekit.registry import LOCAL, Component
from vaekit.testing import registered


def installed(kind: str) -> list[Component]:
    """Every part of a kind but those of notebooks and single files."""
    return [part for part in registered(kind) if part.distribution != LOCAL]
