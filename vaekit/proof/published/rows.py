"""The table of published figures: `rows.toml`, one typed value a row."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NamedTuple

from vaekit.errors import UnknownNameError, UserError, closest

TABLE = Path(__file__).with_name("rows.toml")


class Row(NamedTuple):
    """A published figure, and how the kit repeats it; `rows.toml` says what each field is."""

    name: str
    paper: str
    protocol: str
    figure: float
    tolerance: float
    unit: str
    metric: str
    figure_name: str
    metric_options: Mapping[str, Any]
    train: Mapping[str, Any]
    rates: tuple[tuple[int, float], ...]
    hardware: str
    needs: tuple[str, ...]
    held_out: int
    against: str | None

    @property
    def source(self) -> str:
        """The registered data set that the row is of."""
        return "fashion_mnist" if self.against else "mnist"

    @property
    def epochs(self) -> int:
        """How many the protocol has."""
        return sum(epochs for epochs, _ in self.rates)

    def stages(self, share: float) -> list[tuple[int, float]]:
        """Epochs and learning rate of each stage, of a share of all; one epoch at least."""
        ends, rates = [], []
        total = 0
        for epochs, rate in self.rates:
            total += epochs
            ends.append(max(1, math.floor(share * total + 0.5)))
            rates.append(rate)
        starts = [0, *ends[:-1]]
        pairs = zip(starts, ends, rates, strict=True)
        return [(end - start, rate) for start, end, rate in pairs if end > start]

    def reproduced(self, value: float, share: float) -> bool:
        """Whether a figure of so much of the schedule is the published one within the tolerance."""
        return share == 1.0 and abs(value - self.figure) <= self.tolerance


def read_rows(table: Path = TABLE) -> dict[str, Row]:
    """All rows, by name."""
    values = tomllib.loads(table.read_text("utf-8"))
    return {name: _row(name, values) for name in values}


def chosen_rows(names: Sequence[str]) -> list[Row]:
    """The rows of these names.

    Raises `UnknownNameError` for a name that no row has, `UserError` for a row that needs a
    distribution which isn't installed.
    """
    rows = read_rows()
    for name in names:
        if name not in rows:
            raise UnknownNameError(f"There is no published figure {name!r}. {closest(name, rows)}")
        lacking = [needed for needed in rows[name].needs if not _installed(needed)]
        if lacking:
            raise UserError(f"The published figure {name!r} needs {' and '.join(lacking)}.")
    return [rows[name] for name in names]


def _installed(distribution: str) -> bool:
    try:
        version(distribution)
    except PackageNotFoundError:
        return False
    return True


def _row(name: str, table: Mapping[str, Any]) -> Row:
    own = dict(table[name])
    like = own.pop("like", None)
    if like is not None:
        train = {**table[like]["train"], **own.get("train", {})}
        own = {**table[like], **own, "train": train}
    return Row(
        name=name,
        paper=own["paper"],
        protocol=" ".join(own["protocol"].split()),
        figure=own["figure"],
        tolerance=own["tolerance"],
        unit=own["unit"],
        metric=own["metric"],
        figure_name=own["name"],
        metric_options=own.get("metric_options", {}),
        train=own["train"],
        rates=tuple((int(epochs), float(rate)) for epochs, rate in own["rates"]),
        hardware=own["hardware"],
        needs=tuple(own["needs"]),
        held_out=own.get("held_out", 0),
        against=own.get("against"),
    )
