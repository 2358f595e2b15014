"""`vaekit reconstruct`, `sample` and `interpolate`: pictures of a run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from vaekit.cli.values import data_option, run_argument, skip_bad_option

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from vaekit.run import Run

_out = click.option("--out", metavar="FILE.png", help="Default: in the run's figures/.")
_data = data_option("Where the images come from. Default: what the run was trained on.")


@click.command(short_help="Draw held-out images and their reconstructions.")
@run_argument
@_data
@skip_bad_option
@click.option("-n", "count", type=click.IntRange(1, 50), default=10, show_default=True)
@_out
def reconstruct(run: str, data: str | None, skip_bad: bool, count: int, out: str | None) -> None:
    """Draw the first N held-out images, their reconstructions and the error between them."""
    from vaekit import api

    loaded = api.load(run)  # chooses the backend, so it comes before what imports Keras
    from vaekit import figures

    images, _, _ = loaded.held_out(data, count, skip_bad=skip_bad, progress=True)
    drawn = figures.draw_reconstructions(loaded, images.pixels[:])
    _save(loaded, drawn, out, "reconstructions.png")


@click.command(short_help="Draw images from the prior.")
@run_argument
@click.option("-n", "count", type=click.IntRange(1, 2500), default=100, show_default=True)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@_out
def sample(run: str, count: int, seed: int, out: str | None) -> None:
    """Draw N images decoded from N(0, I)."""
    from vaekit import api

    loaded = api.load(run)  # chooses the backend, so it comes before what imports Keras
    from vaekit import figures

    _save(loaded, figures.draw_samples(loaded, count, seed), out, "samples.png")


@click.command(short_help="Draw the way from image to image.")
@run_argument
@_data
@skip_bad_option
@click.option(
    "-n", "count", type=click.IntRange(2, 50), default=6, show_default=True, help="Images to visit."
)
@click.option("--steps", type=click.IntRange(2, 50), default=10, show_default=True)
@_out
def interpolate(
    run: str, data: str | None, skip_bad: bool, count: int, steps: int, out: str | None
) -> None:
    """Draw what lies in z between each held-out image and the next: a row a pair."""
    from vaekit import api

    loaded = api.load(run)
    from vaekit import figures, inference

    images, _, _ = loaded.held_out(data, count, skip_bad=skip_bad, progress=True)
    rows = inference.interpolate(loaded, images.pixels[:], steps)
    flat = rows.reshape(-1, *rows.shape[2:])
    title = "Straight lines in z from one held-out image to the next"
    _save(loaded, figures.draw_grid(flat, title, columns=steps), out, "interpolations.png")


def _save(run: Run, figure: Figure, out: str | None, name: str) -> None:
    from vaekit import figures
    from vaekit.errors import UserError

    path = Path(out) if out else run.directory.figures / name
    if path.suffix != ".png":
        raise UserError(f"Pictures are PNG: end {path} in .png.")
    with run.directory.changing(path):
        figures.save_figure(figure, path)
    click.echo(path)
