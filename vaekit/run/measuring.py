"""Metrics put to a run: built by their names, held against what they need, asked, and told."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from vaekit.errors import BuildError, PluginError, VaekitError
from vaekit.metric import Estimate, Measurement, Metric
from vaekit.model import Context, Part, build_part, seeded
from vaekit.run.metric_fits import refuse_unfit, refuse_unknown_needs
from vaekit.types import ImageShape

_FIGURE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


class BuiltMetric(NamedTuple):
    """A metric, and which part it is."""

    part: Part
    metric: Metric


# By the names that they were asked for.
Metrics = Mapping[str, BuiltMetric]


def build_metrics(parts: Mapping[str, Part], image_shape: ImageShape, latent_dim: int) -> Metrics:
    """The metrics, by the names that they were asked for.

    Raises `UserError` if one refuses its options, `PluginError` for a need that there isn't.
    """
    context = Context(image_shape, latent_dim)
    metrics = {name: BuiltMetric(part, build_part(part, context)) for name, part in parts.items()}
    for part, metric in metrics.values():
        refuse_unknown_needs(part, metric)
    return metrics


def refuse_unfit_metrics(
    metrics: Metrics, measurement: Measurement, names: Mapping[str, str]
) -> None:
    """Raise `UserError` if one of the metrics can't measure this; see `refuse_unfit`."""
    for part, metric in metrics.values():
        refuse_unfit(part, metric, measurement, names)


def measure(built: BuiltMetric, measurement: Measurement) -> dict[str, Estimate]:
    """The numbers of one metric, by name; a function of the measurement and the options.

    Raises `UserError` as the metric does, `BuildError` if it fails, `PluginError` if what it gives
    are no named numbers.
    """
    component = built.part.component
    who = f"The metric {component.name!r} of {component.distribution} {component.version}"
    try:
        with seeded(measurement.seed):  # for the Keras layers that it builds
            figures = built.metric(measurement)
    except VaekitError:
        raise
    except Exception as error:
        raise BuildError(f"{who} failed: {type(error).__name__}: {error}") from error
    refuse_no_figures(who, figures)
    return dict(figures)


def refuse_no_figures(who: str, figures: Any) -> None:
    """Raise `PluginError` unless these are estimates of numbers, by names. who: what gave them."""
    if not isinstance(figures, Mapping) or not figures:
        raise PluginError(
            f"{who} must give {{name: vaekit.Estimate}}, and gave a {type(figures).__name__}."
        )
    for name, figure in figures.items():
        named = isinstance(figure, Estimate) and _FIGURE.fullmatch(str(name))
        if not named or not _are_numbers(figure.value):
            raise PluginError(
                f"{who} gave {name!r}: {figure!r}. It must give a vaekit.Estimate of a number, "
                "or of a list of them, by names in lower case whose words '_' joins."
            )


def _are_numbers(value: Any) -> bool:
    try:
        return np.ndim(np.asarray(value, "float64")) <= 1
    except (TypeError, ValueError):
        return False


def as_plain(figures: Mapping[str, Estimate]) -> dict[str, dict[str, Any]]:
    """Numbers by name as JSON holds them: one that isn't finite is None, and noted."""
    return {name: _plain(figure) for name, figure in figures.items()}


def _plain(figure: Estimate) -> dict[str, Any]:
    value = np.asarray(figure.value, "float64")
    note = figure.note
    if not np.isfinite(value).all() and not note:
        note = "It isn't finite."
    return {
        **figure._asdict(),
        "value": _finite(value.tolist()),
        "error": None if figure.error is None else _finite(float(figure.error)),
        "note": note,
    }


def _finite(value: Any) -> Any:
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return value if math.isfinite(value) else None
