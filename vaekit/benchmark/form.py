"""What a result file must hold to be compared: the rest of it is for people."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from annotated_types import MinLen
from pydantic import BaseModel, ConfigDict, Field, model_validator

FORMAT = 1

# What can't be 0 or less: speeds, times and ratios. Losses can, and memory beyond a baseline.
_POSITIVE = ("images/s", "us/image", "s", "x")


class Form(BaseModel):
    """Numbers are numbers and texts are texts; fields without a name here are taken as they are."""

    model_config = ConfigDict(strict=True, extra="allow", allow_inf_nan=False)


class Values(Form):
    """Some values and their median."""

    median: float
    values: Annotated[list[float], MinLen(1)]


class Beside(Values):
    """The kit's own values beside a peer's."""

    @model_validator(mode="after")
    def _in_their_midst(self) -> Self:
        if not min(self.values) <= self.median <= max(self.values):
            raise ValueError("the median is not among the values")
        return self


class Spread(Values):
    """Some values, their median and their range."""

    lowest: float
    highest: float

    @model_validator(mode="after")
    def _around_it(self) -> Self:
        if not self.lowest <= self.median <= self.highest:
            raise ValueError("the median is not between the lowest and the highest")
        return self


class Row(Spread):
    """A measurement; that of a peer has the kit's own beside it."""

    what: str
    unit: str
    better: Literal["higher", "lower"]
    peer: str | None = None
    batch_size: int | None = None
    precision: str | None = None
    kit: Beside | None = None
    ratio: Spread | None = None

    @model_validator(mode="after")
    def _positive(self) -> Self:
        numbers = [self.lowest, *(self.kit.values if self.kit else ())]
        if self.ratio is not None:
            numbers.append(self.ratio.lowest)
        if self.unit in _POSITIVE and min(numbers) <= 0:
            raise ValueError(f"nothing can be measured as 0 {self.unit} or less")
        return self


class Machine(Form):
    """Where it was measured."""

    processor: str = ""
    devices: list[str] = []


class Choice(Form):
    """What the kit chose for this machine."""

    value: str


class ResultForm(Form):
    """A whole file."""

    format: Annotated[int, Field(ge=FORMAT, le=FORMAT)]
    kind: str
    backend: str | None = None
    machine: Machine = Machine()
    versions: dict[str, str] = {}
    choices: dict[str, Choice] = {}
    subject: dict[str, Any] = {}
    settings: dict[str, Any] = {}
    measurements: list[Row]
