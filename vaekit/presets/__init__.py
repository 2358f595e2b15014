"""What a run is made of where its user names nothing: by name, or by the images."""

from typing import Final

from vaekit.presets.by_images import PRESETS, SMALL, TUTORIAL, Preset, preset_for
from vaekit.presets.named import NamedPreset, named_preset, named_presets

AUTO: Final = "auto"

__all__ = [
    "AUTO",
    "PRESETS",
    "SMALL",
    "TUTORIAL",
    "NamedPreset",
    "Preset",
    "named_preset",
    "named_presets",
    "preset_for",
]
