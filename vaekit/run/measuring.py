"""Metrics put to a run: built by their names, held against what they need, asked, and told."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from vaekit.errors import BuildError, OptionError, PluginError, VaekitError, closest
from vaekit.metric import Estimate, Measurement, Metric
from vaekit.model import Context, Part, build_part, seeded
from vaekit.options import check_options, resolved_options
from vaekit.registry import Registry
from vaekit.run.metric_fits import refuse_unfit, refuse_unknown_needs
from vaekit.types import ImageShape

_FIGURE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


class BuiltMetric(NamedTuple):
    """A metric, and which part it is."""

    part: Part
    metric: Metric


# By the names that they were asked for.
Metrics = Mapping[str, BuiltMetric]


def options_by_metric(
    names: Sequence[str], pairs: Iterable[tuple[str, Any]]
) -> dict[str, dict[str, Any]]:
    """Options as the command line has them, `K` of the one metric or `NAME.K`, by metric.

    Raises `OptionError` for an option of which the metric isn't clear.
    """
    options: dict[str, dict[str, Any]] = {}
    for key, value in pairs:
        name, dot, option = key.rpartition(".")
        if not dot and len(names) != 1:
            raise OptionError(
                f"Of which metric is {key}={value}? Write {names[0] if names else 'NAME'}.{key}="
                f"{value}."
            )
        options.setdefault(name if dot else names[0], {})[option] = value
    return options


def build_metrics(
    names: Sequence[str],
    options: Mapping[str, Mapping[str, Any]],
    registry: Registry,
    image_shape: ImageShape,
    latent_dim: int,
) -> Metrics:
    """The metrics of these names, with their options.

    Raises `OptionError` for options of a metric that isn't asked for or that it doesn't have,
    `UnknownNameError` for a name that none has, `BuildError` if one refuses its options.
    """
    for name in options:
        if name not in names:
            raise OptionError(
                f"There are options of the metric {name!r}, which isn't asked for. "
                f"{closest(name, names)}"
            )
    context = Context(image_shape, latent_dim)
    metrics = {}
    for name in dict.fromkeys(names):
        component = registry.get("metric", name)
        checked = check_options(component, options.get(name, {}))
        part = Part(component, resolved_options(component, checked))
        built = BuiltMetric(part, build_part(part, context))
        refuse_unknown_needs(*built)
        metrics[name] = built
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
    if not isinstance(figures, Mapping) or not figures:
        raise PluginError(
            f"{who} must give {{name: vaekit.Estimate}}, and gave a {type(figures).__name__}."
        )
    for name, figure in figures.items():
        if not isinstance(figure, Estimate) or not _FIGURE.fullmatch(str(name)):
            raise PluginError(
                f"{who} gave {name!r}: {figure!r}. It must give a vaekit.Estimate by each name, "
                "in lower case with words joined by '_'."
            )
    return dict(figures)


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
