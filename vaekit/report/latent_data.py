"""What a page's scripts know of z, of the images that it shows and of their classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from vaekit.page import finite, float_text
from vaekit.pixels import as_floats
from vaekit.report.planes import Plane, planes_of
from vaekit.report.shown_images import sheet
from vaekit.run import Run
from vaekit.types import Images

SPAN = 3  # how far sliders go, in standard deviations of N(0, I)
_MOST_CLASSES = 20  # that colours and markers tell apart


def latent_data(
    run: Run, z: np.ndarray, labels: np.ndarray | None, more_planes: Sequence[Plane] = ()
) -> dict[str, Any]:
    """z of the shown images `(M, *latent_shape)`, and what is to be known to walk there.

    more_planes: beside those by arithmetic.
    """
    model, flat = run.model, z.reshape(len(z), -1)
    kl = kl_by_value(run)
    spread = flat.var(axis=0) if kl is None else kl
    order = np.argsort(-spread, kind="stable")
    return {
        "shape": list(model.latent_shape),
        "size": model.latent_dim,
        "name": model.point_name,
        "z": float_text(flat),
        "labels": None if labels is None else [finite(label) for label in labels],
        "class_names": class_names(run, labels),
        "order": order.tolist(),
        "kl": None if kl is None else [finite(value) for value in kl],
        "span": SPAN,
        "planes": [plane.as_plain() for plane in (*planes_of(model, z, order), *more_planes)],
    }


def image_data(run: Run, shown: Images, z: np.ndarray) -> dict[str, Any]:
    """The shown images and what the run makes of them, in sheets."""
    return {
        "shape": list(run.image_shape),
        "sheet": sheet(as_floats(shown.pixels[:])),
        "reconstructions": sheet(run.decode(z, shown.labels)),
    }


def condition_data(run: Run) -> dict[str, Any] | None:
    """The classes that a decoder goes by; None for a run without a condition."""
    condition = run.model.condition
    if condition is None:
        return None
    named = run.record.data.class_names or ()
    names = [*named, *map(str, range(len(named), condition.classes))]
    return {"classes": condition.classes, "names": names[: condition.classes]}


def kl_by_value(run: Run) -> np.ndarray | None:
    """The KL of each value of z `(D,)`, nats, of held-out images; None where none is told."""
    row = kept_row(run)
    kl = [row.get(f"val_kl_dim_{number}") for number in range(run.latent_dim)]
    values = [value for value in kl if value is not None]
    return np.array(values) if len(values) == len(kl) else None


def kept_row(run: Run) -> Mapping[str, float]:
    """The history's row of the epoch whose weights the run has; empty where it has ended none."""
    rows, epoch = run.history, run.record.kept_epoch
    return rows[epoch - 1] if 0 < epoch <= len(rows) else {}


def class_names(run: Run, labels: np.ndarray | None) -> list[str] | None:
    """What to call the class of each number; None where labels are none, or too many, for that."""
    if labels is None or not len(labels) or len(np.unique(labels)) > _MOST_CLASSES:
        return None
    if labels.dtype.kind not in "iu" or labels.min() < 0 or labels.max() >= 1000:
        return None
    named = run.record.data.class_names or ()
    return [*named, *map(str, range(len(named), int(labels.max()) + 1))]
