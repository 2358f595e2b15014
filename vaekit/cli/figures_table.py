"""What metrics gave, as a table for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from vaekit.cli.columns import in_columns


def figure_lines(figures: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """A line for each number, in columns; below it, what must be read beside it.

    figures: as `Run.evaluate` gives those of a metric.
    """
    rows = [_row(name, figure) for name, figure in figures.items()]
    for line, figure in zip(in_columns(rows), figures.values(), strict=True):
        yield line
        if figure["note"]:
            yield f"  ! {figure['note']}"


def _row(name: str, figure: Mapping[str, Any]) -> tuple[str, str, str, str]:
    values = figure["value"] if isinstance(figure["value"], list) else [figure["value"]]
    number = " ".join(map(_number, values))
    if figure["error"] is not None:
        number += f" +- {figure['error']:.2g}"
    if figure["unit"]:
        number += f" {figure['unit']}"
    better = f"{figure['better']} is better" if figure["better"] else ""
    return name, number, better, figure["estimator"]


def _number(value: float | list[Any] | None) -> str:
    return "none" if value is None else f"{value:.5g}"
