"""The distributions that offer parts here: one that can't be loaded leaves its parts untried."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from vaekit.plugins import discover
from vaekit.proof.claim import Claim, Comparison, holds
from vaekit.proof.parts import installed
from vaekit.registry import KINDS, BrokenPlugin


def claims_of_plugins() -> Iterator[Claim]:
    """That each could be loaded."""
    parts = [part for kind in KINDS for part in installed(kind)]
    for distribution in dict.fromkeys((part.distribution, part.version) for part in parts):
        offers = sum((part.distribution, part.version) == distribution for part in parts)
        yield Claim("plugins", " ".join(distribution), "it is loaded", partial(_loaded, offers))
    for plugin in discover().broken:
        yield Claim("plugins", plugin.title, "it is loaded", partial(_broken, plugin))


def _loaded(offers: int) -> Comparison:
    return holds(offers, "its parts", f"{offers} parts")


def _broken(plugin: BrokenPlugin) -> Comparison:
    return holds(False, "its parts", plugin.reason)
