"""Records that an older vaekit wrote, in today's words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vaekit.registry import KIT, canonical

# How runs were made before there was a choice.
_BEFORE = {"batch_norm_averages": "moving", "resize": "stretch"}
# Parts that came to the kit as they were, weight by weight: distribution and name.
_MOVED = {("vaekit-backbones", "mlp")}


def of_now(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a `run.json` whose `config` is a mapping, as they would be written now."""
    parts = values.get("parts")
    config = {**_BEFORE, **values["config"]}
    if not isinstance(parts, dict):
        return {**values, "config": config}
    versions = values.get("versions")
    version = versions.get(KIT, "") if isinstance(versions, dict) else ""
    parts = {kind: _moved(part, version) for kind, part in parts.items()}
    if "latent" not in config:  # from before latents were parts: every run had this one
        parts["latent"] = {
            "name": "normal",
            "distribution": KIT,
            "version": version,
            "options": {"grid": False},
        }
    for kind in parts:
        name, _, distribution = str(config.get(kind)).partition("@")
        if _is_moved(name, distribution):
            config[kind] = name
    return {**values, "config": config, "parts": parts}


def _moved(part: Any, version: str) -> Any:
    """A part's record, of the kit now if it has come there; version: the kit's."""
    if not isinstance(part, dict):
        return part
    if not _is_moved(str(part.get("name")), str(part.get("distribution"))):
        return part
    return {**part, "distribution": KIT, "version": version}


def _is_moved(name: str, distribution: str) -> bool:
    return (canonical(distribution), name) in _MOVED
