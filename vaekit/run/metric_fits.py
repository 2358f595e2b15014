"""Whether a metric can measure a run and its images, by what the metric declares.

It is looked at before anything is computed. There is no list of pairs: a new metric is held against
the same declarations.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import get_args

from vaekit.errors import PluginError, UserError
from vaekit.metric import Measurement, Metric, Need
from vaekit.model import Part
from vaekit.wording import option_text, worded


def refuse_unfit(
    part: Part, metric: Metric, measurement: Measurement, names: Mapping[str, str]
) -> None:
    """Raise `UserError` unless the metric can measure this.

    names: those of the run's parts, by kind.
    """
    lack = _lack(metric, measurement)
    if lack is not None:
        raise UserError(f"The metric {part.name!r} {lack.format(**names)}")


def refuse_unknown_needs(part: Part, metric: Metric) -> None:
    """Raise `PluginError` for a need that the kit doesn't know."""
    for need in metric.needs:
        if need not in _NEEDS:
            raise PluginError(
                f"The metric {part.name!r} of {part.component.distribution} needs {need!r}; there "
                f"are {', '.join(get_args(Need))}."
            )


def _lack(metric: Metric, measurement: Measurement) -> str | None:
    """What the metric can't do without, and isn't there, in words; None if it can measure."""
    space, count = measurement.model.latent_space, len(measurement.images.pixels)
    if metric.supports is not None and space.support not in metric.supports:
        return (
            f"is for z of support {' or '.join(metric.supports)}, and the latent {{latent!r}} "
            f"gives z of support {space.support}. Choose another metric, or train another latent."
        )
    if metric.vector and len(space.shape) > 1:
        return (
            "is for z that is a vector, and the latent {latent!r} gives a map of "
            f"{'x'.join(map(str, space.shape))}. Choose another metric, or train another latent."
        )
    for need in metric.needs:
        lacking, sentence = _NEEDS[need]
        if lacking(measurement):
            return f"needs {sentence()}"
    if count < metric.fewest:
        return f"needs at least {metric.fewest:,} images, and there are {count:,}. Take more."
    return None


def _without_labels(measurement: Measurement) -> bool:
    labels = measurement.images.labels
    return labels is None or bool((labels < 0).all())


_NEEDS: Mapping[Need, tuple[Callable[[Measurement], bool], Callable[[], str]]] = {
    "labels": (
        _without_labels,
        lambda: (
            "the class of each image, and these have none. Measure on a source with labels: a "
            "folder for each class, or labels beside the arrays."
        ),
    ),
    "factors": (
        lambda measurement: measurement.images.factors is None,
        lambda: (
            "the factors that images were drawn from, and these tell none. Measure on a source "
            f"that does: {option_text('data', 'shapes')}."
        ),
    ),
    "likelihood": (
        lambda measurement: measurement.model.likelihood is None,
        lambda: (
            "p(x|z), and the loss {loss!r} declares no likelihood. Train with a loss that does, or "
            "choose another metric."
        ),
    ),
    "density": (
        lambda measurement: not measurement.model.density,
        lambda: (
            "the densities of posterior and prior, and the latent {latent!r} has none. Train "
            "another latent, or choose another metric."
        ),
    ),
    "free-parameters": (
        lambda measurement: not measurement.model.latent_space.free_parameters,
        lambda: (
            "a posterior whose parameters may be any real numbers, and the latent {latent!r} keeps "
            "its own within bounds. Train another latent, or choose another metric."
        ),
    ),
    "samples": (
        lambda measurement: measurement.model.sampled_by is None,
        lambda: (
            "samples, and the latent {latent!r} has no prior and no sampler is fitted. Fit one of "
            f"the run that is trained, by {worded('vaekit fit-sampler', 'run.fit_sampler')}."
        ),
    ),
    "against": (
        lambda measurement: measurement.against is None,
        lambda: (
            f"images of another source to hold these against. Name one: {option_text('against')}."
        ),
    ),
}
