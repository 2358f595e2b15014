"""Configs in files: TOML that a user writes, and the options that a run's record holds."""

from __future__ import annotations

import json
from os import PathLike
from pathlib import Path
from typing import Any

from vaekit.atomic import write_text
from vaekit.config import TrainConfig
from vaekit.errors import RunError, UserError


def read_config(path: str | Path) -> dict[str, Any]:
    """The values in a TOML config file, checked as far as a file alone can be.

    Raises `UserError` if it can't be read or isn't TOML, `OptionError` as `TrainConfig.checked`.
    """
    values = read_toml(path, "config file")
    TrainConfig.checked(values, where=str(path))
    return values


def read_toml(path: str | Path, what: str) -> dict[str, Any]:
    """The values in a TOML file; `what` it is, errors say.

    Raises `UserError` if it can't be read or isn't TOML.
    """
    import tomllib  # help reads no file

    try:
        with open(path, "rb") as file:
            return tomllib.load(file)
    except OSError as error:
        raise UserError(f"Can't read the {what} {path}: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"The {what} {path} is not valid TOML: {error}.") from None


def read_run_config(path: str | PathLike[str]) -> TrainConfig | None:
    """The options that a run directory was made with, read before anything imports Keras.

    None where there is no record that can be read; whoever reads it next says what is wrong.
    """
    try:
        values = json.loads((Path(path) / "run.json").read_text("utf-8"))
        return TrainConfig.checked(values["config"])
    except (OSError, ValueError, LookupError, TypeError, UserError):
        return None


def write_config(config: TrainConfig, path: str | Path) -> None:
    """Write `config` as TOML that `read_config` reads back; TOML has no null, so None is left out.

    Raises `UserError` if `path` can't be written; it is then what it was.
    """
    import tomli_w

    values = config.model_dump(exclude_none=True, mode="json")
    for table in (table for table in values.values() if isinstance(table, dict)):
        table.update({name: "none" for name, value in table.items() if value is None})
    try:
        write_text(Path(path), tomli_w.dumps(values))
    except RunError as error:
        reason = getattr(error.__cause__, "strerror", None) or error
        raise UserError(f"Can't write the config file {path}: {reason}.") from error
