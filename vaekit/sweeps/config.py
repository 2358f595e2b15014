"""What a sweep is asked to be: one checked value, of a TOML file or a mapping."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Mapping
from functools import cached_property
from os import PathLike, fspath
from typing import Annotated, Any, Literal

from annotated_types import Ge
from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from vaekit.config_files import read_toml
from vaekit.errors import OptionError, UserError, closest
from vaekit.metric import REPORTED, Direction
from vaekit.sweeps.axes import Axis, Choices, parse_axes

SamplerName = Literal["grid", "random", "tpe"]


class Pruning(BaseModel):
    """Successive halving: which trials end before their last epoch.

    Li et al., "A System for Massively Parallel Hyperparameter Tuning" (2020), as Optuna has it.

    min_epochs: no trial ends before. reduction: of those that came to `min_epochs`, to so many
    times that, and so on, one in `reduction` goes on.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    min_epochs: Annotated[int, Ge(1)] = 1
    reduction: Annotated[int, Ge(2)] = 3


class SweepConfig(BaseModel):
    """Everything that decides a sweep.

    metric: the column of the history that trials are judged by. direction: which way it is better;
    needed for one of which the kit doesn't know. sampler: how trials take their values. trials:
    how many there are; a grid has its own number. sampler_seed: what random and tpe draw by.
    pruning: None lets all trials train to their end. run: what is fixed, as in a config file.
    axes: what varies.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    metric: str = "val_elbo"
    direction: Literal["higher", "lower"] | None = None
    sampler: SamplerName = "grid"
    trials: Annotated[int, Ge(1)] | None = None
    sampler_seed: Annotated[int, Ge(0)] = 0
    pruning: Pruning | None = None
    run: dict[str, Any] = {}
    axes: dict[str, Any]

    @field_validator("pruning", mode="before")
    @classmethod
    def _as_it_comes(cls, value: Any) -> Any:
        """`true` is halving as it comes, `false` none."""
        if isinstance(value, bool):
            return Pruning() if value else None
        return value

    @cached_property
    def axes_by_name(self) -> dict[str, Axis]:
        """The axes; they were checked."""
        return {axis.name: axis for axis in parse_axes(self.axes, "axes")}

    @property
    def better(self) -> Direction:
        """Which way the metric is better."""
        known = REPORTED.get(self.metric.removeprefix("val_"), ("", ""))
        return self.direction or known[1]

    @property
    def total(self) -> int:
        """How many trials there are."""
        if self.trials is not None:
            return self.trials
        return math.prod(len(axis.values) for axis in self.axes_by_name.values())

    def grid_point(self, number: int) -> dict[str, Any]:
        """The values of one trial of a grid; the last axis changes fastest."""
        axes = self.axes_by_name.values()
        point = next(itertools.islice(itertools.product(*(a.values for a in axes)), number, None))
        return dict(zip((axis.name for axis in axes), point, strict=True))

    def as_text(self) -> str:
        """All of it, as `from_text` reads it back."""
        return json.dumps(self.model_dump(mode="json", exclude_none=True))

    @classmethod
    def from_text(cls, text: str) -> SweepConfig:
        """What `as_text` wrote."""
        return cls(**json.loads(text))


def read_sweep(
    source: str | PathLike[str] | Mapping[str, Any], metric: str | None = None
) -> tuple[SweepConfig, str]:
    """The sweep of a TOML file or a mapping, and what to call that in errors.

    metric: instead of the source's own.

    Raises `UserError` for a file that can't be read, `OptionError` for a key or a value in it.
    """
    if isinstance(source, Mapping):
        values, where = dict(source), "The sweep"
    else:
        where = fspath(source)
        values = read_toml(where, "sweep file")
    if metric is not None:
        values["metric"] = metric
    return checked_sweep(values, where), where


def checked_sweep(values: Mapping[str, Any], where: str) -> SweepConfig:
    """A sweep from plain values.

    Raises `OptionError` for an unknown key, or a value that doesn't fit.
    """
    try:
        config = SweepConfig(**values)
    except ValidationError as error:
        raise OptionError(_sentence(error, where)) from None
    axes = parse_axes(config.axes, f"{where}, axes")
    if "out" in config.run:
        raise OptionError(f"{where}, run: each trial has a folder of its own, so there is no out.")
    if not config.better:
        raise OptionError(
            f"{where}: whether {config.metric!r} is better higher or lower isn't known. Add "
            'direction = "higher", or "lower".'
        )
    if config.sampler == "grid":
        _refuse_ungridded(config, axes, where)
    elif config.trials is None:
        raise OptionError(f"{where}: say how many trials {config.sampler} takes: trials = 20.")
    try:
        config.as_text()
    except (TypeError, ValueError) as error:
        raise OptionError(f"{where} holds what isn't text, number or list: {error}.") from None
    return config


def _refuse_ungridded(config: SweepConfig, axes: list[Axis], where: str) -> None:
    if config.trials is not None:
        raise OptionError(
            f"{where}: trials is for random and tpe; a grid has a trial for each of its points."
        )
    for axis in axes:
        if not isinstance(axis, Choices):
            raise OptionError(
                f"{where}, axes: {axis.name} is a range, and a grid needs a list of values. Give "
                'one, or choose sampler = "random" or "tpe".'
            )


def _sentence(error: ValidationError, where: str) -> str:
    first = error.errors()[0]
    *tables, key = map(str, first["loc"])
    known = Pruning.model_fields if tables else SweepConfig.model_fields
    place = ", ".join([where, *tables])
    if first["type"] == "extra_forbidden":
        return f"{place}: there is no key {key!r}. {closest(key, known)}"
    if first["type"] == "missing":
        return f"{place} has no {key}: name what is to vary, and its values."
    wrong = first["msg"].removeprefix("Value error, ")
    return f"{place}: {key} can't be {first['input']!r}: {wrong[0].lower()}{wrong[1:]}."


def refuse_unlike(config: SweepConfig, text: str, where: str, folder: object) -> None:
    """Raise `UserError` if `text`, which a folder's sweep was begun as, is of another sweep."""
    was = SweepConfig.from_text(text)
    if was == config:
        return
    names = [n for n in SweepConfig.model_fields if getattr(was, n) != getattr(config, n)]
    values = f"{names[0]} was {getattr(was, names[0])!r}"
    raise UserError(
        f"{where} isn't what the sweep in {folder} was begun with: {values}. Put it back to go on, "
        "or choose another folder."
    )
