"""What the decoder makes of draws from the prior."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from vaekit.figures.classes import classes_in_turn, draw_class_rows
from vaekit.figures.grid import draw_grid
from vaekit.run import Run


def draw_samples(run: Run, count: int, seed: int = 0, labels: np.ndarray | None = None) -> Figure:
    """Images decoded from draws of the prior; with a condition, in a row for each class.

    labels: the class of each, `(count,)`, in a run with a condition; None takes all classes, or
        the first of very many.

    Raises `UserError` where nothing can be drawn from the prior.
    """
    title = f"Decoded from draws of the prior {prior_name(run)}"
    condition = run.model.condition
    if condition is None:
        return draw_grid(run.sample(count, seed=seed, labels=labels), title)
    if labels is None:
        labels = classes_in_turn(condition.classes, count)
    labels = np.sort(np.asarray(labels))
    images = run.sample(count, seed=seed, labels=labels)
    return draw_class_rows(run, images, labels, f"{title}, by class")


def prior_name(run: Run) -> str:
    """What to call the prior of a run in a picture."""
    if run.model.has_standard_prior:
        return "N(0, I)"
    part = run.record.parts.get("prior")
    return f"of the latent {run.record.parts['latent'].name}" if part is None else part.name
