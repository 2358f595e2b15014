"""What a page tells of a run, gathered once."""

from __future__ import annotations

import shlex
from collections.abc import Collection
from pathlib import Path
from typing import Any, NamedTuple

from vaekit.diagnosis import Diagnosis
from vaekit.errors import DamagedError
from vaekit.figures.style import COLOURS
from vaekit.report.curves import curves_data
from vaekit.report.facts import Facts, facts_of
from vaekit.report.latent_data import condition_data, image_data, latent_data
from vaekit.report.metrics import MetricRow, metric_rows
from vaekit.report.pictures import Pictures, drawn_already, pictures_of
from vaekit.report.planes import has_neighbours, neighbours_plane
from vaekit.report.shown_images import MOST, shown_images
from vaekit.report.units import codes_data, units_data
from vaekit.report.walk import walk_data
from vaekit.run import HeldOut, Run
from vaekit.wording import install_text


class Contents(NamedTuple):
    """What the templates write down, and `data`, which the page's scripts read as `vaekit.data`.

    facts: tables of words. pictures: still ones. diagnosis: what is wrong, if anything.
    metrics: what the run was measured by.
    shown, of: how many of how many held-out images the page has. split: which those are.
    left_out: sentences on what else the page would have.

    data, of M shown images and z of D values; f32 is base64 of little-endian float32:

    - `latent`: `shape`, `size` (D), `name`, `z` (f32, M * D), `labels` (M numbers) or null,
      `class_names` (by label) or null, `order` (values of z, the one of largest KL first), `kl` (D)
      or null, `span`, and `planes`, each with `name`, `axis_names`, `points` (f32, M * 2), `prior`,
      and `origin` (f32, D) and `axes` (f32, 2 * D), both null where a place is no z; else
      z = origin + x * axes[0] + y * axes[1].
    - `images`: `shape` (height, width, channels), and `sheet` and `reconstructions`, in z's order,
      `{url, columns, count, height, width}` each.
    - `condition`: null, or `classes` and `names`.
    - `curves`, `units`, `codes`: what the charts show; null where there is none.
    - `colours`: of classes, in turn.
    - `walk`: see `walk_data`.

    `latent`, `images` and `walk` are null where there are no images.
    """

    facts: Facts
    pictures: Pictures
    diagnosis: Diagnosis
    metrics: list[MetricRow]
    shown: int
    of: int
    split: str
    left_out: list[str]
    data: dict[str, Any]


def gather(
    run: Run,
    held_out: HeldOut,
    diagnosis: Diagnosis,
    *,
    most: int = MOST,
    neighbours: bool = True,
    drawn: Collection[Path] = (),
) -> Contents:
    """What there is to tell of a run, from these held-out images.

    most: how many of them are shown, at most; there is room for fewer large ones.
    neighbours: whether the map has t-SNE as well, which takes seconds.
    drawn: files in which `draw_figures` has drawn these images, and nothing changed since.

    Raises `DamagedError` for a history that is shorter than the record says.
    """
    if len(run.history) < run.record.kept_epoch:
        raise DamagedError(
            f"{run.directory.history} ends before epoch {run.record.kept_epoch}, of which "
            "the run's weights are."
        )
    shown = shown_images(held_out.images, run.latent_dim, most)
    whole = len(shown.pixels) == len(held_out.images.pixels)
    pictures = pictures_of(run, shown, drawn_already(run, drawn, whole=whole))
    left_out = [*pictures.left_out]
    data: dict[str, Any] = {
        "latent": None,
        "images": None,
        "walk": None,
        "condition": condition_data(run),
        "curves": curves_data(run.history),
        "units": units_data(run, diagnosis),
        "codes": None,
        "colours": COLOURS,
    }
    if len(shown.pixels):
        z = run.latents(shown)
        planes = []
        if has_neighbours(z):
            try:
                planes = [neighbours_plane(z, run.config.seed)] if neighbours else []
            except ImportError:
                needed = install_text("vaekit[digits]")
                left_out.append(f"t-SNE of the latent map: it needs scikit-learn: {needed}")
            if not neighbours:
                again = shlex.join(["vaekit", "report", str(run.path)])
                left_out.append(f"t-SNE of the latent map, which takes seconds: {again}")
        data |= {
            "latent": latent_data(run, z, shown.labels, planes),
            "images": image_data(run, shown, z),
            "walk": walk_data(run, shown),
            "codes": codes_data(run, shown),
        }
    return Contents(
        facts=facts_of(run, diagnosis),
        pictures=pictures,
        diagnosis=diagnosis,
        metrics=list(metric_rows(run.record)),
        shown=len(shown.pixels),
        of=len(held_out.images.pixels),
        split=held_out.split,
        left_out=left_out,
        data=data,
    )
