"""`vaekit reconstruct`, `sample`, `interpolate` and `traverse`: pictures of a run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vaekit.cli.values import (
    LABELS,
    SPAN,
    TEMPERATURE,
    data_option,
    run_argument,
    skip_bad_option,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from vaekit.run import Run
    from vaekit.types import Images

_out = click.option(
    "--out", metavar="FILE", help="A .png, .svg or .pdf. Default: in the run's figures/."
)
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


@click.command(short_help="Draw new images.")
@run_argument
@click.option("-n", "count", type=click.IntRange(1, 2500), default=100, show_default=True)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option(
    "--condition",
    "--labels",
    "labels",
    type=LABELS,
    help="With a condition: the class, or classes in turn until there are N images. Default: all.",
)
@click.option(
    "--sampler",
    metavar="NAME",
    help="What draws z: prior, or one that was fitted. Default: that of the training, else prior.",
)
@click.option(
    "--temperature",
    type=TEMPERATURE,
    default=1.0,
    show_default=True,
    help="Scales standard deviations, or divides logits: below 1, what is typical.",
)
@_out
def sample(
    run: str,
    count: int,
    seed: int,
    labels: tuple[int, ...] | None,
    sampler: str | None,
    temperature: float,
    out: str | None,
) -> None:
    """Draw N images decoded from z that a sampler draws; with a condition, a row for each class."""
    from vaekit import api

    loaded = api.load(run)  # chooses the backend, so it comes before what imports Keras
    import numpy as np

    from vaekit import figures

    _refuse_needless(loaded, "--condition", labels)
    classes = None if labels is None else np.resize(labels, count)
    drawn = figures.draw_samples(
        loaded, count, seed, classes, sampler=sampler, temperature=temperature
    )
    _save(loaded, drawn, out, "samples.png")


@click.command(short_help="Draw the way from image to image.")
@run_argument
@click.argument("images", metavar="[IMAGE...]", nargs=-1)
@_data
@skip_bad_option
@click.option("-n", "count", type=click.IntRange(2, 50), help="Held-out images. Default: 6.")
@click.option("--steps", type=click.IntRange(2, 50), default=10, show_default=True)
@click.option("--way", metavar="WAY", help="linear or spherical. Default: the latent's own.")
@click.option("--labels", type=LABELS, help="With a condition: the class of each image named.")
@_out
def interpolate(
    run: str,
    images: tuple[str, ...],
    data: str | None,
    skip_bad: bool,
    count: int | None,
    steps: int,
    way: str | None,
    labels: tuple[int, ...] | None,
    out: str | None,
) -> None:
    """Draw what lies in z between each image and the next: a row a pair, and the images beside it.

    The images are files, two or more, or else held-out ones. With a condition, a row is decoded in
    the class of its first image.
    """
    from vaekit import api
    from vaekit.errors import UserError

    if len(images) == 1:
        raise UserError(f"{images[0]} is one image: name two or more to go between.")
    if images and (data, count) != (None, None):
        raise UserError("Name images, or say --data and -n, not both.")
    if labels is not None and len(labels) != len(images):
        raise UserError(f"--labels needs a class for each image named, and {len(images)} are.")
    loaded = api.load(run)
    import numpy as np

    from vaekit import figures
    from vaekit.types import Images

    _refuse_needless(loaded, "--labels", labels)
    if images:
        _refuse_lacking(loaded, "--labels N,N,...", labels)
        classes = None if labels is None else np.array(labels)
        ends = Images(np.concatenate([_image(loaded, path).pixels[:] for path in images]), classes)
    else:
        ends = loaded.held_out(data, count or 6, skip_bad=skip_bad, progress=True).images
    names = [Path(path).name for path in images]
    drawn = figures.draw_interpolations(loaded, ends, steps, names, way=way)
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
    help="How far each goes, in standard deviations of N(0, I).",
)
@click.option("--label", type=click.IntRange(0), help="With a condition: the class to decode in.")
@_out
def traverse(
    run: str,
    image: str | None,
    count: int,
    steps: int,
    span: float,
    label: int | None,
    out: str | None,
) -> None:
    """Draw each latent's walk while the others stay: a row a latent, those of the largest KL first.

    They stay where the image lies, a file, or else at 0, the mean of N(0, I).
    """
    from vaekit import api

    loaded = api.load(run)
    from vaekit import figures

    _refuse_needless(loaded, "--label", label)
    _refuse_lacking(loaded, "--label N", label)
    start = None if image is None else _image(loaded, image)
    drawn = figures.draw_traversal(
        loaded, start, latents=count, steps=steps, span=span, label=label
    )
    _save(loaded, drawn, out, "traversal.png")


def _refuse_needless(run: Run, option: str, value: Any) -> None:
    """Raise `UserError` if classes are named to a run that doesn't go by them."""
    from vaekit.errors import UserError

    if value is not None and not run.takes_labels:
        raise UserError(f"{run.path} has no condition, so leave out {option}.")


def _refuse_lacking(run: Run, option: str, value: Any) -> None:
    """Raise `UserError` if no class is named to a run that goes by it."""
    from vaekit.errors import UserError

    if value is None and run.takes_labels:
        raise UserError(f"{run.path} goes by the class of an image: say {option}.")


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

    path = Path(out) if out else run.directory.figures / name
    with run.directory.changing(path):
        figures.save_figure(figure, path)
    click.echo(path)
