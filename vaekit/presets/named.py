"""The presets that have a name of their own: the rows of `named.toml`."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from vaekit.errors import UnknownNameError, closest
from vaekit.presets.steps import Steps


class NamedPreset(NamedTuple):
    """A combination of parts, with the settings of the paper that it is from.

    paper: authors, title and year; arxiv: its number there, empty where it has none.
    good_for: when to choose it.
    trained: for how long the paper trains, and by what, in words; a run of it is as long as the
        recipe's unless `steps` are stated.
    differs: what of the paper isn't in `values`, or is otherwise.
    distributions: those that its parts are from, beside the kit's.
    values: fields of `vaekit.TrainConfig`; those that aren't among them are the tutorial's.
    steps: how many its schedule takes to end; they decide `epochs`.
    """

    name: str
    paper: str
    good_for: str
    arxiv: str = ""
    trained: str = ""
    differs: str = ""
    distributions: tuple[str, ...] = ()
    values: Mapping[str, Any] = {}
    steps: int | None = None

    def values_for(self, images: int, batch_size: int | None = None) -> dict[str, Any]:
        """The fields that it decides for so many training images.

        batch_size: the user's, where there is one; the preset's is no larger than the images are
            many.
        """
        values = dict(self.values)
        if "batch_size" in values:
            values["batch_size"] = batch_size or min(values["batch_size"], images)
        if self.steps is not None:
            values["epochs"] = Steps(self.steps).epochs(images, values["batch_size"])
        return values


@functools.cache
def named_presets() -> Mapping[str, NamedPreset]:
    """Every one of them by its name, in the order of the table."""
    import tomllib  # help reads no table

    table = tomllib.loads(Path(__file__).with_name("named.toml").read_text("utf-8"))
    for row in table.values():
        row["distributions"] = tuple(row.get("distributions", ()))
    return {name: NamedPreset(name, **row) for name, row in table.items()}


def named_preset(name: str) -> NamedPreset:
    """The one of this name; raises `UnknownNameError` if there is none."""
    presets = named_presets()
    if name not in presets:
        raise UnknownNameError(f"There is no preset {name!r}. {closest(name, presets)}")
    return presets[name]
