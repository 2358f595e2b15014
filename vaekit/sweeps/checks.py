"""What is wrong with a sweep that can be told before anything trains."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from vaekit.config import TrainConfig
from vaekit.errors import OptionError, UserError
from vaekit.plugins import discover
from vaekit.registry import Registry
from vaekit.sweeps.axes import settings_of
from vaekit.sweeps.config import SweepConfig
from vaekit.sweeps.one_run import refuse_workers

# Combinations that are looked at for one in which a value can be had.
_MOST = 1000


def refuse_impossible(config: SweepConfig, where: str) -> None:
    """Raise `OptionError` for a setting or a value that no combination of the others can have.

    A combination of values that are good each, and don't go together, is a trial that fails.
    """
    _refuse_unless_any(config, {}, f"{where}, run")
    for name, axis in config.axes_by_name.items():
        for value in axis.values:
            _refuse_unless_any(config, {name: value}, f"{where}, axes, {name} = {value!r}")


def _refuse_unless_any(config: SweepConfig, values: Mapping[str, Any], where: str) -> None:
    """Raise what is wrong with `values` in all combinations; nothing where there are too many."""
    refused: UserError | None = None
    combinations = _combinations(config, values)
    for combination in itertools.islice(combinations, _MOST):
        try:
            _resolve(settings_of(config.run, combination), where)
        except UserError as error:
            refused = refused or error
        else:
            return
    if refused is not None and next(combinations, None) is None:
        raise refused


def _combinations(config: SweepConfig, values: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """All values of the axes together, with these ones in their places."""
    axes = config.axes_by_name
    of_each = [(values[name],) if name in values else axis.values for name, axis in axes.items()]
    for combination in itertools.product(*of_each):
        yield dict(zip(axes, combination, strict=True))


def _resolve(settings: Mapping[str, Any], where: str) -> None:
    from vaekit.data import load_data
    from vaekit.trainer import resolve_named

    config = TrainConfig.checked(settings, where=where)
    refuse_workers(config, where)
    registry = discover().registry
    try:
        resolve_named(config, registry)
        source = config.data
        if source is not None and not _is_there(source, registry):
            load_data(source)  # which says why it can't
    except UserError as error:
        raise OptionError(f"{where}: {error}") from error


def _is_there(source: str, registry: Registry) -> bool:
    return source.partition("@")[0] in registry.names("dataset") or Path(source).exists()
