"""Checks of what any part with options has to do."""

from __future__ import annotations

import tempfile
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from vaekit.config import TrainConfig
from vaekit.config_files import read_config, write_config
from vaekit.errors import OptionError
from vaekit.options import Option, check_options, options_of
from vaekit.testing.subject import Subject
from vaekit.testing.verdict import CheckSkipped, require


def options_round_trip(subject: Subject) -> None:
    """Its options, at their defaults and at others, come back from a config file as they were."""
    field = f"{subject.kind}_opt"
    if field not in TrainConfig.model_fields:
        raise CheckSkipped(f"no config holds the options of a {subject.kind}")
    defaults = subject.options
    if not defaults:
        raise CheckSkipped("it has no options")
    checked = check_options(subject.component, defaults)
    require(
        checked == defaults, f"Its defaults {defaults} don't fit their types, which make {checked}."
    )
    others = {
        option.name: next(other_values(subject, option), option.default)
        for option in options_of(subject.component).values()
    }
    for values in (defaults, others):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "config.toml"
            write_config(TrainConfig.checked({field: values}), path)
            read = read_config(path).get(field, {})
        back = check_options(subject.component, read)
        require(back == values, f"Its options {values} come back from a config file as {back}.")


def options_are_explained(subject: Subject) -> None:
    """The docstring says in its `Args:` section what each option means."""
    missing = [o.name for o in options_of(subject.component).values() if not o.meaning]
    require(not missing, f"Its docstring doesn't say what {', '.join(missing)} means.")


def other_values(subject: Subject, option: Option) -> Iterator[Any]:
    """Values of an option that its type takes, other than its default."""
    default = option.default
    candidates: tuple[Any, ...] = typing.get_args(option.annotation)
    if isinstance(default, bool):
        candidates = (not default,)
    elif isinstance(default, int):
        candidates = (default + 1, default * 2, default - 1, default // 2)
    elif isinstance(default, float):
        candidates = (default * 2, default / 2, default + 0.5, default - 0.5)
    elif typing.get_origin(option.annotation) is not typing.Literal:
        candidates = ()
    for value in candidates:
        try:
            checked = check_options(subject.component, {option.name: value})[option.name]
        except OptionError:
            continue
        if checked != default:
            yield checked
