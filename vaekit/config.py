"""What a training run is asked to be: one checked, serialisable value."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import tomli_w
from annotated_types import Ge, Gt, Le, Lt
from pydantic import (
    BaseModel,
    BeforeValidator,
    ByteSize,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from vaekit.atomic import write_text
from vaekit.cadence import parse_cadence
from vaekit.errors import OptionError, RunError, UserError, closest
from vaekit.recipes import RECIPES, TUTORIAL
from vaekit.startup import Settings
from vaekit.startup.choices import Allocator, Device

Backend = Literal["tensorflow", "jax", "torch"]
Precision = Literal["float32", "mixed_bfloat16", "mixed_float16"]
RecipeName = Literal["tutorial", "fast"]
Positive = Annotated[int, Ge(1)]

# The most steps that one call takes: engines may reserve room for that many rows.
MAX_STEPS = 256


def _checked_size(value: Any) -> Any:
    """Pydantic itself overlooks what follows a size."""
    if not re.fullmatch(r"\d+(\.\d+)?[kmgt]?i?b|\d+", str(value), re.IGNORECASE):
        raise ValueError("give a size like 500MB, 4GB or 1.5GiB")
    return value


Size = Annotated[ByteSize, BeforeValidator(_checked_size)]


def _as_text(value: Any) -> Any:
    return os.fsdecode(value) if isinstance(value, os.PathLike) else value


# Kept as a text, which a record and a config file can hold.
PathText = Annotated[str, BeforeValidator(_as_text)]


class TrainConfig(BaseModel):
    """Everything that decides a run. The defaults are the tutorial's.

    Where `epochs`, `batch_size` or `learning_rate` aren't given, the recipe chooses.

    None, for what concerns the machine, leaves the choice to the kit: `device`, `threads`,
    `allocator`, `onednn`, `steps_per_call` and `compile`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    encoder: str = "conv5"
    decoder: str = "deconv4"
    loss: str = "tutorial"
    data: PathText | None = None
    latent_dim: Positive = 2
    recipe: RecipeName = TUTORIAL
    epochs: Positive = RECIPES[TUTORIAL].epochs
    batch_size: Positive = RECIPES[TUTORIAL].batch_size
    learning_rate: Annotated[float, Gt(0)] = RECIPES[TUTORIAL].learning_rate
    seed: Annotated[int, Ge(0), Lt(2**31)] = 0
    limit: Positive | None = None
    validation_split: Annotated[float, Gt(0), Lt(1)] = 0.1
    image_size: tuple[Positive, Positive] | None = None
    gray: bool = False
    data_budget: Size | None = None
    backend: Backend | None = None
    precision: Precision = "float32"
    encoder_opt: dict[str, Any] = Field(default_factory=dict)
    decoder_opt: dict[str, Any] = Field(default_factory=dict)
    loss_opt: dict[str, Any] = Field(default_factory=dict)
    out: PathText | None = None
    checkpoint_every: str = "1epoch"
    step_log: bool = False
    device: Device | None = None
    threads: Positive | None = None
    allocator: Allocator | None = None
    onednn: bool | None = None
    steps_per_call: Annotated[int, Ge(1), Le(MAX_STEPS)] | None = None
    compile: bool | None = None

    @property
    def settings(self) -> Settings:
        """What is asked of the process that the backend starts in."""
        return Settings(self.device, self.threads, self.allocator, self.onednn)

    @model_validator(mode="before")
    @classmethod
    def _leave_to_recipe(cls, values: Any) -> Any:
        """What the recipe chooses, where it isn't given; an unknown recipe is refused later."""
        recipe = RECIPES.get(str(values.get("recipe", TUTORIAL)))
        if recipe is None:
            return values
        chosen = {name: getattr(recipe, name) for name in ("epochs", "batch_size", "learning_rate")}
        return {**chosen, **values}

    @field_validator("checkpoint_every")
    @classmethod
    def _is_cadence(cls, value: str) -> str:
        parse_cadence(value)
        return value

    @classmethod
    def checked(cls, values: Mapping[str, Any], where: str = "") -> TrainConfig:
        """A config from plain values; `where` (a file) is named in what goes wrong.

        Raises `OptionError` for an unknown name or a value that doesn't fit.
        """
        try:
            return cls(**values)
        except ValidationError as error:
            first = error.errors()[0]
            name = str(first["loc"][0])
            prefix = f"{where}: " if where else ""
            if first["type"] == "extra_forbidden":
                raise OptionError(
                    f"{prefix}there is no option {name!r}. {closest(name, cls.model_fields)}"
                ) from None
            wrong = first["msg"].removeprefix("Value error, ")
            raise OptionError(
                f"{prefix}{name} can't be {first['input']!r}: {wrong[0].lower()}{wrong[1:]}."
            ) from None


def read_config(path: str | os.PathLike[str]) -> dict[str, Any]:
    """The values in a TOML config file, checked as far as a file alone can be.

    Raises `UserError` if it can't be read or isn't TOML, `OptionError` as `TrainConfig.checked`.
    """
    try:
        with open(path, "rb") as file:
            values = tomllib.load(file)
    except OSError as error:
        raise UserError(f"Can't read the config file {path}: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"The config file {path} is not valid TOML: {error}.") from None
    TrainConfig.checked(values, where=str(path))
    return values


def write_config(config: TrainConfig, path: str | os.PathLike[str]) -> None:
    """Write `config` as TOML that `read_config` reads back; TOML has no null, so None is left out.

    Raises `UserError` if `path` can't be written; it is then what it was.
    """
    values = config.model_dump(exclude_none=True, mode="json")
    for table in (values["encoder_opt"], values["decoder_opt"], values["loss_opt"]):
        table.update({name: "none" for name, value in table.items() if value is None})
    try:
        write_text(Path(path), tomli_w.dumps(values))
    except RunError as error:
        reason = getattr(error.__cause__, "strerror", None) or error
        raise UserError(f"Can't write the config file {path}: {reason}.") from error
