"""What is chosen for a run by its images, where the user named nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from vaekit.config import TrainConfig
from vaekit.presets import TUTORIAL, preset_for
from vaekit.registry import RUN_KINDS
from vaekit.startup import Choice
from vaekit.types import ImageShape

# What holds for one part, or for one recipe.
_OF = {
    **{kind.options_field: name for name, kind in RUN_KINDS.items()},
    **dict.fromkeys(("epochs", "batch_size", "learning_rate"), "recipe"),
}


class Chosen(NamedTuple):
    """The fields of a run's config that a preset decides; and which preset, for the record."""

    values: Mapping[str, Any]
    choice: Choice

    def __str__(self) -> str:
        """What was chosen, in one line for the user."""
        values = ", ".join(f"{name} {_text(value)}" for name, value in self.values.items())
        return (
            f"Chosen {self.choice.why}: {values}. What you name stays; preset {TUTORIAL} is the "
            "tutorial whatever the images."
        )


def choose_preset(config: TrainConfig, image_shape: ImageShape, images: int) -> Chosen:
    """What `config` leaves open, for so many training images: whatever the user named stays.

    A part that was named has its own options' defaults, and a recipe its own numbers.
    """
    if config.preset == TUTORIAL:
        return Chosen({}, Choice("preset", TUTORIAL, "as was asked for"))
    preset, named = preset_for(image_shape, images), config.model_fields_set
    batch_size = config.batch_size if "batch_size" in named else None
    values: dict[str, Any] = {}
    for name, value in preset.values_for(images, batch_size).items():
        if _OF.get(name) in named:
            continue
        if isinstance(value, Mapping):
            values[name] = {**value, **getattr(config, name)}
        elif name not in named:
            values[name] = value
    if preset.values and not values:
        return Chosen({}, Choice("preset", "none", "all that one would decide was named"))
    shape = "x".join(map(str, image_shape))
    return Chosen(values, Choice("preset", preset.name, f"for {images:,} images of {shape}"))


def _text(value: Any) -> str:
    if isinstance(value, Mapping):
        return " ".join(f"{name}={option}" for name, option in value.items())
    return f"{value:g}" if isinstance(value, float) else str(value)
