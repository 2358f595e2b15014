"""Metrics put to a run: built by their names, held against what they need, asked, and told."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from vaekit.config import parse_names
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


def resolve_metrics(
    names: str | Sequence[str], options: Mapping[str, Any], registry: Registry
) -> dict[str, Part]:
    """The metrics of these names, `nll,mig` or a list, with all of their options, checked.

    options: those of a metric by its name; or of the one metric by the option's, as `samples`, and
        of several as `nll.samples`.

    Raises `OptionError` for options of a metric that isn't asked for or that it doesn't have,
    `UnknownNameError` for a name that none has.
    """
    asked = list(dict.fromkeys(parse_names(names)))
    by_metric = _options_by_metric(asked, options)
    parts = {}
    for name in asked:
        component = registry.get("metric", name)
        checked = check_options(component, by_metric.get(name, {}))
        parts[name] = Part(component, resolved_options(component, checked))
    return parts


def build_metrics(parts: Mapping[str, Part], image_shape: ImageShape, latent_dim: int) -> Metrics:
    """The metrics, by the names that they were asked for.

    Raises `UserError` if one refuses its options, `PluginError` for a need that there isn't.
    """
    context = Context(image_shape, latent_dim)
    metrics = {name: BuiltMetric(part, build_part(part, context)) for name, part in parts.items()}
    for part, metric in metrics.values():
        refuse_unknown_needs(part, metric)
    return metrics


def _options_by_metric(
    names: Sequence[str], options: Mapping[str, Any]
) -> Mapping[str, Mapping[str, Any]]:
    by_metric: dict[str, dict[str, Any]] = {}
    for key, value in options.items():
        name, dot, option = key.rpartition(".")
        if isinstance(value, Mapping):
            name, values = key, dict(value)
        elif dot:
            values = {option: value}
        elif len(names) == 1:
            name, values = names[0], {option: value}
        else:
            metric = names[0] if names else "NAME"
            raise OptionError(
                f"Of which metric is the option {key!r}? Write {metric}.{key}={value}."
            )
        if name not in names:
            raise OptionError(
                f"There is an option of the metric {name!r}, which isn't asked for. "
                f"{closest(name, names)}"
            )
        by_metric.setdefault(name, {}).update(values)
    return by_metric


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
        named = isinstance(figure, Estimate) and _FIGURE.fullmatch(str(name))
        if not named or not _are_numbers(figure.value):
            raise PluginError(
                f"{who} gave {name!r}: {figure!r}. It must give a vaekit.Estimate of a number, "
                "or of a list of them, by names in lower case whose words '_' joins."
            )
    return dict(figures)


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
