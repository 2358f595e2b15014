"""What metrics gave of a run, as rows of a table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from vaekit.run import RunRecord

_MOST = 8  # values of one figure that are written out


class MetricRow(NamedTuple):
    """A figure of a metric, in words."""

    metric: str
    figure: str
    value: str
    unit: str
    better: str
    estimator: str
    note: str


def metric_rows(record: RunRecord) -> Iterator[MetricRow]:
    """The figures of the metrics that a run was measured by; none where it was by none."""
    for metric, figures in ({} if record.metrics is None else record.metrics.figures).items():
        for name, figure in figures.items():
            yield MetricRow(
                metric,
                name,
                _value(figure["value"], figure["error"]),
                figure["unit"],
                figure["better"],
                figure["estimator"],
                figure["note"],
            )


def _value(value: Any, error: float | None) -> str:
    values = value if isinstance(value, list) else [value]
    text = " ".join("none" if one is None else f"{one:.5g}" for one in values[:_MOST])
    more = " ..." if len(values) > _MOST else ""
    return f"{text}{more}" + ("" if error is None else f" ± {error:.2g}")
