"""What the decoder makes of draws from the prior."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure

from vaekit.figures.classes import classes_in_turn, draw_class_rows
from vaekit.figures.grid import draw_grid

if TYPE_CHECKING:
    from vaekit.run import Run


def draw_samples(
    run: Run,
    count: int,
    seed: int = 0,
    labels: np.ndarray | None = None,
    *,
    sampler: str | None = None,
    temperature: float = 1.0,
) -> Figure:
    """Images decoded from z that a sampler draws; with a condition, in a row for each class.

    labels: the class of each, `(count,)`, in a run with a condition; None takes all classes, or
        the first of very many. sampler, temperature: as for `Run.sample`.

    Raises `UserError` where nothing can be drawn so.
    """
    title = f"Decoded from draws of the {sampler_title(run, sampler)}"
    if temperature != 1.0:
        title += f", temperature {temperature:g}"
    condition = run.model.condition
    by: dict[str, Any] = {"seed": seed, "sampler": sampler, "temperature": temperature}
    if condition is None:
        return draw_grid(run.sample(count, labels=labels, **by), title)
    if labels is None:
        labels = classes_in_turn(condition.classes, count)
    labels = np.sort(np.asarray(labels))
    images = run.sample(count, labels=labels, **by)
    return draw_class_rows(run, images, labels, f"{title}, by class")


def sampler_title(run: Run, name: str | None) -> str:
    """What to call a sampler in a picture: one that draws from the prior by the prior's name."""
    part, sampler = run.sampler(name)
    return f"prior {prior_name(run)}" if sampler.needs_prior else f"sampler {part.name}"


def prior_name(run: Run) -> str:
    """What to call the prior of a run in a picture."""
    if run.model.has_standard_prior:
        return "N(0, I)"
    part = run.record.parts.get("prior")
    return f"of the latent {run.record.parts['latent'].name}" if part is None else part.name
