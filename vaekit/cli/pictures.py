"""`vaekit reconstruct`, `sample`, `interpolate` and `traverse`: pictures of a run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from vaekit.cli.values import SPAN, data_option, run_argument, skip_bad_option

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from vaekit.run import Run
    from vaekit.types import Images

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

    images = loaded.held_out(data, count, skip_bad=skip_bad, progress=True).images
    drawn = figures.draw_reconstructions(loaded, images)
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
@click.argument("images", metavar="[IMAGE...]", nargs=-1)
@_data
@skip_bad_option
@click.option("-n", "count", type=click.IntRange(2, 50), help="Held-out images. Default: 6.")
@click.option("--steps", type=click.IntRange(2, 50), default=10, show_default=True)
@_out
def interpolate(
    run: str,
    images: tuple[str, ...],
    data: str | None,
    skip_bad: bool,
    count: int | None,
    steps: int,
    out: str | None,
) -> None:
    """Draw what lies in z between each image and the next: a row a pair, and the images beside it.

    The images are files, two or more, or else held-out ones.
    """
    from vaekit import api
    from vaekit.errors import UserError

    if len(images) == 1:
        raise UserError(f"{images[0]} is one image: name two or more to go between.")
    if images and (data, count) != (None, None):
        raise UserError("Name images, or say --data and -n, not both.")
    loaded = api.load(run)
    import numpy as np

    from vaekit import figures
    from vaekit.types import Images

    if images:
        ends = Images(np.concatenate([_image(loaded, path).pixels[:] for path in images]))
    else:
        ends = loaded.held_out(data, count or 6, skip_bad=skip_bad, progress=True).images
    names = [Path(path).name for path in images]
    drawn = figures.draw_interpolations(loaded, ends, steps, names)
    _save(loaded, drawn, out, "interpolations.png")


@click.command(short_help="Draw what each latent does.")
@run_argument
@click.argument("image", metavar="[IMAGE]", required=False)
@click.option(
    "-n", "count", type=click.IntRange(1, 50), default=10, show_default=True, help="Latents."
)
@click.option("--steps", type=click.IntRange(2, 50), default=7, show_default=True)
@click.option(
    "--span",
    type=SPAN,
    default=3.0,
    show_default=True,
    help="How far each goes, in standard deviations of the prior.",
)
@_out
def traverse(
    run: str, image: str | None, count: int, steps: int, span: float, out: str | None
) -> None:
    """Draw each latent's walk while the others stay: a row a latent, those of the largest KL first.

    They stay where the image lies, a file, or else at the prior's mean.
    """
    from vaekit import api

    loaded = api.load(run)
    from vaekit import figures

    start = None if image is None else _image(loaded, image)
    drawn = figures.draw_traversal(loaded, start, latents=count, steps=steps, span=span)
    _save(loaded, drawn, out, "traversal.png")


def _image(run: Run, path: str) -> Images:
    """The image of a file, as the run takes it.

    Raises `DataError` for a source of several.
    """
    from vaekit.errors import DataError

    images = run.dataset(path).train
    if len(images.pixels) != 1:
        raise DataError(f"{path} holds {len(images.pixels)} images; give the file of one.")
    return images


def _save(run: Run, figure: Figure, out: str | None, name: str) -> None:
    from vaekit import figures
    from vaekit.errors import UserError

    path = Path(out) if out else run.directory.figures / name
    if path.suffix != ".png":
        raise UserError(f"Pictures are PNG: end {path} in .png.")
    with run.directory.changing(path):
        figures.save_figure(figure, path)
    click.echo(path)
