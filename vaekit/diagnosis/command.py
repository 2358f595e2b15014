"""A run's config with some of it changed, as fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vaekit.config import TrainConfig, about
from vaekit.diagnosis.evidence import Evidence
from vaekit.options import Option
from vaekit.presets import preset_for
from vaekit.recipes import RECIPES
from vaekit.registry import RUN_KINDS

# The recipe's, unless they are named.
_USUAL_BACKEND = "tensorflow"
_BY_RECIPE = ("epochs", "batch_size", "learning_rate")


def changed_fields(evidence: Evidence, changes: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a run's config that have to be named for it, with `changes` among them.

    Those at their defaults are left out, unless a preset would then decide them. Options of a part
    that changes are those of `changes` alone.
    """
    config = evidence.config
    values = {
        name: getattr(config, name)
        for name in TrainConfig.model_fields
        if about(name, "group") != "output" and name != "preset"
    }
    if config.backend == _USUAL_BACKEND:
        del values["backend"]
    for kind in RUN_KINDS.values():
        options = changes.get(kind.options_field, {})
        if changes.get(kind.name, values[kind.name]) == values[kind.name]:
            own = evidence.options.get(kind.name, {})
            options = {**_not_default(values[kind.options_field], own), **options}
        values[kind.options_field] = dict(options)
    values |= {name: value for name, value in changes.items() if not name.endswith("_opt")}
    decided = preset_for(evidence.image_shape, evidence.training_images)
    named = {*decided.values, *changes}
    if decided.steps is not None:
        named |= {*_BY_RECIPE, "recipe"}
    recipe = RECIPES[values["recipe"]]
    return {
        name: value
        for name, value in values.items()
        if (name in named and value not in ({}, None))
        or value != _default(name, getattr(recipe, name, None))
    }


def _not_default(values: Mapping[str, Any], options: Mapping[str, Option]) -> dict[str, Any]:
    """The options that aren't what the part has by itself."""
    return {
        name: value
        for name, value in values.items()
        if name not in options or _plain(options[name].default) != _plain(value)
    }


def _default(name: str, by_recipe: Any) -> Any:
    if name in _BY_RECIPE:
        return by_recipe
    return TrainConfig.model_fields[name].get_default(call_default_factory=True)


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, list | tuple) else value
