"""A run in a line, and as a notebook shows it: a table, its curves and its latent map."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from vaekit.errors import VaekitError
from vaekit.page import data_url, render
from vaekit.registry import KIT
from vaekit.types import Images

if TYPE_CHECKING:
    from vaekit.run.run import Run

_MAPPED = 1_000  # images of the map
_MOST_BYTES = 2**28  # of data that are read for it
_SHOWN = ("loss", "elbo", "kl", "mse", "active_units")


def describe_in_a_line(run: Run) -> str:
    """`<Run runs/a: conv5, normal, ..., complete, 12 epochs, val_loss 38.2>`."""
    parts = ", ".join(f"{kind} {part.name}" for kind, part in run.record.parts.items())
    return f"<Run {run.path}: {parts}; {_state(run)}>"


def describe_in_html(run: Run) -> str:
    """A table of what was trained on what, and a picture; names and paths are escaped.

    The picture is of up to 1,000 held-out images. Where they can't be read it has no map, and it is
    said why.
    """
    from vaekit.figures import draw_overview  # matplotlib, which a line doesn't need

    images, lacking = _held_out(run)
    try:
        picture = draw_overview(run, images)
    except VaekitError as error:
        picture, lacking = None, f"No picture: {error}"
    return render(
        ["vaekit.run"],
        "run.html",
        None,
        rows=list(_rows(run)),
        picture=None if picture is None else data_url(picture, "image/png"),
        lacking=lacking,
    )


def _held_out(run: Run) -> tuple[Images | None, str]:
    """Images for the map; or none, and why."""
    data = run.record.data
    if (data.training_images + data.validation_images) * math.prod(run.image_shape) > _MOST_BYTES:
        return None, "No map, since the data are large to read: run.show('latent') draws it."
    try:
        return run.held_out(limit=_MAPPED).images, ""
    except VaekitError as error:
        return None, f"No map: {error}"


def _rows(run: Run) -> Iterator[tuple[str, str]]:
    record, data = run.record, run.record.data
    yield "run", str(run.path)
    yield "state", _state(run)
    for kind, part in record.parts.items():
        options = ", ".join(f"{name}={value}" for name, value in part.options.items())
        home = "" if part.distribution == KIT else f"{part.distribution} {part.version}".strip()
        yield kind, "; ".join(filter(None, [part.name, options, home]))
    yield "z", " x ".join(map(str, run.latent_shape))
    shape = " x ".join(map(str, run.image_shape))
    counts = f"{data.training_images:,} to train on, {data.validation_images:,} held out"
    source = data.source or data.used or "an array"
    yield "data", f"{source}: images of {shape}, {counts}"
    epoch = record.kept_epoch
    if epoch:
        row = run.history[epoch - 1]
        numbers = [f"{name} {row[f'val_{name}']:.4g}" for name in _SHOWN if f"val_{name}" in row]
        yield f"held-out images, epoch {epoch}", ", ".join(numbers)
    yield "made by", f"{record.backend}, {KIT} {record.versions.get(KIT, '')}".strip()


def _state(run: Run) -> str:
    training = run.record.training
    epochs = f"{training.epochs_done} epoch{'' if training.epochs_done == 1 else 's'}"
    facts = [run.record.status, epochs, f"{training.seconds:.0f} s of training"]
    epoch = run.record.kept_epoch
    name = "val_elbo" if epoch and "val_elbo" in run.history[epoch - 1] else "val_loss"
    if epoch and name in run.history[epoch - 1]:
        facts.append(f"{name} {run.history[epoch - 1][name]:.2f}")
    return ", ".join(facts)
