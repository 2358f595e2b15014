"""What a result file must hold to be shown, by its kind."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Self

from annotated_types import MinLen
from pydantic import Field, model_validator

from vaekit.benchmark.form import Form, Machine, ResultForm, Row, Spread, Values
from vaekit.benchmark.results import Result, read_result
from vaekit.errors import UserError, closest


def read_shown(path: Path) -> Result:
    """A result file that the report can show. Raises `UserError` if it can't."""
    kind = read_result(path, _Shown)["kind"]
    if kind not in _FORMS:
        raise UserError(
            f"{path} is of the kind {kind!r}, which the report doesn't know. "
            f"{closest(kind, _FORMS)} If it isn't for the report, move it out of the folder."
        )
    return read_result(path, _FORMS[kind])


class _Machine(Machine):
    processor: str
    cores: int
    devices: Annotated[list[str], MinLen(1)]


class _Shown(ResultForm):
    """What stands above every table."""

    date: str
    commit: str | None
    backend: str
    versions: dict[str, str]
    machine: _Machine
    device_model: str | None = None
    note: str = ""


class _Bars(_Shown):
    """A bar a row."""

    measurements: Annotated[list[Row], MinLen(1)]


class _KitRow(Row):
    """Speeds are set against what the machine could do; seconds and bytes aren't."""

    build_seconds: float | None = None
    first_call_seconds: float | None = None
    limit_by_arithmetic: float | None = None
    limit_by_traffic: float | None = None
    share_of_limit: float | None = None

    @model_validator(mode="after")
    def _has_limits(self) -> Self:
        limits = (self.limit_by_arithmetic, self.limit_by_traffic, self.share_of_limit)
        if self.unit == "images/s" and None in (*limits, self.batch_size, self.first_call_seconds):
            raise ValueError("a speed needs its batch size, its first call and its limits")
        return self


class _Nets(Form):
    precision: str
    multiply_adds: int


class _Ceilings(Form):
    flop_per_s: float
    bytes_per_s: float
    dtype: str | None = None


class _Kit(_Shown):
    ceilings: _Ceilings | None
    other_ceilings: list[_Ceilings] = Field(default_factory=list)
    measurements: Annotated[list[_KitRow], MinLen(1)]
    nets: Annotated[_Nets, Field(alias="subject")]


class _PeerRow(Row):
    title: str
    batch_size: int
    kit: Values
    ratio: Spread


class _Peers(_Shown):
    left_out: dict[str, str]
    measurements: Annotated[list[_PeerRow], MinLen(1)]


class _GrowthRow(Row):
    """Seconds of a stage at one size, or the exponent that they make."""

    axis: str
    stage: str
    size: int | None = None
    work: float | None = None
    work_exponent: float | None = None
    verdict: str | None = None

    @model_validator(mode="after")
    def _has_work(self) -> Self:
        of_its_kind = (
            (self.size, self.work) if self.unit == "s" else (self.work_exponent, self.verdict)
        )
        if None in of_its_kind:
            raise ValueError("seconds need their size and work, exponents their work's and verdict")
        return self


class _Growth(_Shown):
    measurements: Annotated[list[_GrowthRow], MinLen(1)]


class _Total(Form):
    total: float


class _Trial(Row):
    curve: Annotated[list[_Total], MinLen(1)]


class _Search(_Shown):
    measurements: Annotated[list[_Trial], MinLen(1)]


class _Point(_Total):
    seconds: float


class _Run(Form):
    who: str
    options: list[str]
    seed: int
    curve: Annotated[list[_Point], MinLen(1)]


class _Quality(_Shown):
    runs: Annotated[list[_Run], MinLen(1)]


_FORMS = {
    "growth": _Growth,
    "kit": _Kit,
    "many_runs": _Bars,
    "peers": _Peers,
    "recipe_search": _Search,
    "recipes": _Bars,
    "start_and_end": _Bars,
    "streaming": _Bars,
    "time_to_quality": _Quality,
    "variants": _Bars,
    "whole_process": _Bars,
}
