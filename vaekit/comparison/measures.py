"""What runs are compared by: each value with its unit, its better way, and what ranking it asks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from vaekit.comparison.comparable import (
    BOUND,
    IMAGES,
    LIKELIHOOD,
    LOSS,
    MACHINE,
    Check,
    metric_options,
)
from vaekit.comparison.compared_run import ComparedRun
from vaekit.metric import REPORTED, Direction


class Measure(NamedTuple):
    """A value of a run. of: gives it; None where the run doesn't have it.

    better: which way; empty where neither is, and it is shown alone.
    checks: what any two runs must share to be ranked by it.
    """

    name: str
    of: Callable[[ComparedRun], float | None]
    unit: str = ""
    better: Direction = ""
    checks: tuple[Check, ...] = ()


_BETTER: dict[str, Direction] = {"higher": "higher", "lower": "lower"}
# What ranking by the kit's own values asks; a loss's own terms are no measure alone, as it trades
# one of them for another.
_CHECKS: dict[str, tuple[Check, ...]] = {
    "elbo": BOUND,
    "loss": LOSS,
    "mse": IMAGES,
    "psnr": IMAGES,
}


def measures_of(runs: Sequence[ComparedRun]) -> list[Measure]:
    """Those that any of the runs has: of its history, then what metrics gave, then the time."""
    figures = _figures(runs)
    own = {name for measure in figures for name in _columns_of(measure.name)}
    names = dict.fromkeys([*REPORTED, *(name for run in runs for name in run.values)])
    present = [name for name in names if any(name in run.values for run in runs)]
    return [
        *(_of_history(name) for name in present if name not in own),
        *figures,
        Measure("seconds", lambda run: run.record.training.seconds, "s", "lower", MACHINE),
    ]


def _of_history(name: str) -> Measure:
    unit, better = REPORTED.get(name, ("", ""))
    checks = _CHECKS.get(name, ())
    return Measure(name, lambda run: run.values.get(name), unit, better, checks)


def _figures(runs: Sequence[ComparedRun]) -> list[Measure]:
    """The single numbers that metrics gave of the weights that are kept."""
    measures: dict[str, Measure] = {}
    for run in runs:
        measured = run.record.metrics
        for metric, figures in (measured.figures if measured else {}).items():
            for figure, entry in figures.items():
                if isinstance(entry.get("value"), list):
                    continue
                unit = str(entry.get("unit") or "")
                # A number in nats is of densities, which hang on the law of images.
                images = LIKELIHOOD if unit.startswith(("nats", "bits")) else IMAGES
                name = f"{metric}.{figure}"
                measures[name] = Measure(
                    name,
                    _reader(metric, figure),
                    unit,
                    _BETTER.get(str(entry.get("better")), ""),
                    (*images, metric_options(metric)),
                )
    return list(measures.values())


def _reader(metric: str, figure: str) -> Callable[[ComparedRun], float | None]:
    def value(run: ComparedRun) -> float | None:
        measured = run.record.metrics
        if measured is None or measured.epoch != run.record.kept_epoch:
            return None
        entry: dict[str, Any] = measured.figures.get(metric, {}).get(figure, {})
        number = entry.get("value")
        return float(number) if isinstance(number, int | float) else None

    return value


def _columns_of(name: str) -> tuple[str, str]:
    """What the history calls a figure of a metric: by its name, or with the metric's before it."""
    metric, _, figure = name.partition(".")
    return figure, f"{metric.replace('-', '_')}_{figure}"
