"""Plugins: found among what is installed, loaded one by one, and asked for their parts.

One broken plugin takes nothing else down; what is wrong with it is kept and told.
"""

from vaekit.plugins.discovery import (
    Plugins,
    discover,
    plugin_files,
    refuse_parts_of_calls,
    selected,
    selection,
    selection_words,
    warn_of_broken,
)
from vaekit.plugins.local import REGISTER, load_plugin
from vaekit.plugins.used import parts_named
from vaekit.registry import BrokenPlugin

__all__ = [
    "REGISTER",
    "BrokenPlugin",
    "Plugins",
    "discover",
    "load_plugin",
    "parts_named",
    "plugin_files",
    "refuse_parts_of_calls",
    "selected",
    "selection",
    "selection_words",
    "warn_of_broken",
]
