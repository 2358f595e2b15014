"""What is chosen for a run by its preset, where the user named nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from vaekit.config import TrainConfig
from vaekit.errors import UnknownNameError
from vaekit.presets import AUTO, TUTORIAL, named_preset, preset_for
from vaekit.registry import RUN_KINDS, Registry, canonical
from vaekit.startup import Choice
from vaekit.types import ImageShape
from vaekit.wording import install_text

# What holds for one part, or for one recipe.
_OF = {
    **{kind.options_field: name for name, kind in RUN_KINDS.items()},
    **dict.fromkeys(("epochs", "batch_size", "learning_rate"), "recipe"),
}


class Chosen(NamedTuple):
    """The fields of a run's config that a preset decides; and which preset, for the record.

    line: what was chosen, for the user.
    """

    values: Mapping[str, Any]
    choice: Choice
    line: str = ""


def choose_preset(config: TrainConfig, image_shape: ImageShape, images: int) -> Chosen:
    """What `config` leaves open, for so many training images: whatever the user named stays.

    A part that was named has its own options' defaults, and a recipe its own numbers.
    """
    batch_size = config.batch_size if "batch_size" in config.model_fields_set else None
    if config.preset == AUTO:
        return _by_images(config, image_shape, images, batch_size)
    preset = named_preset(config.preset)
    values = _left_open(config, preset.values_for(images, batch_size))
    decided = f"; it decides {', '.join(values)}" if values else ""
    return Chosen(
        values,
        Choice("preset", preset.name, f"as was asked for{decided}"),
        f"Chosen by the preset {preset.name}: {_listed(values)}. What you name stays.",
    )


def _by_images(
    config: TrainConfig, image_shape: ImageShape, images: int, batch_size: int | None
) -> Chosen:
    preset = preset_for(image_shape, images)
    values = _left_open(config, preset.values_for(images, batch_size))
    if preset.values and not values:
        return Chosen({}, Choice("preset", "none", "all that one would decide was named"))
    why = f"for {images:,} images of {'x'.join(map(str, image_shape))}"
    return Chosen(
        values,
        Choice("preset", preset.name, why),
        f"Chosen {why}: {_listed(values)}. What you name stays; preset {TUTORIAL} is the tutorial "
        "whatever the images.",
    )


def refuse_uninstalled(config: TrainConfig, registry: Registry) -> None:
    """Raise `UserError` if the preset of a config decides on a part that isn't installed."""
    if config.preset == AUTO:
        return
    preset = named_preset(config.preset)
    parts = _left_open(config, preset.values)
    lacking = [k for k in RUN_KINDS if k in parts and parts[k] not in registry.names(k)]
    if not lacking:
        return
    installed = {canonical(part.distribution) for part in registry}
    wanted = [name for name in preset.distributions if name not in installed]
    folders = [f"./plugins/{name}" for name in wanted or preset.distributions]
    names = " and ".join(f"the {kind} {parts[kind]!r}" for kind in lacking)
    raise UnknownNameError(
        f"The preset {preset.name!r} needs {names}, which can't be had here. In a clone of "
        f"vaekit: {install_text(*folders)}{registry.missing()}"
    )


def _left_open(config: TrainConfig, preset: Mapping[str, Any]) -> dict[str, Any]:
    """Those of a preset's values that the user didn't name, nor what they hold for."""
    named = config.model_fields_set
    values: dict[str, Any] = {}
    for name, value in preset.items():
        if _OF.get(name) in named:
            continue
        if isinstance(value, Mapping):
            values[name] = {**value, **getattr(config, name)}
        elif name not in named:
            values[name] = value
    return values


def _listed(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {_text(value)}" for name, value in values.items())


def _text(value: Any) -> str:
    if isinstance(value, Mapping):
        return " ".join(f"{name}={_text(option)}" for name, option in value.items())
    if isinstance(value, list):
        return ",".join(map(_text, value))
    return f"{value:g}" if isinstance(value, float) else str(value)
