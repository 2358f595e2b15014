"""`vaekit figure`: a picture of a run by its name, in the format and size of a paper."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from vaekit.cli.values import (
    FIGURE_SIZE,
    LABELS,
    ONCE,
    SPAN,
    TEMPERATURE,
    data_option,
    run_argument,
    skip_bad_option,
)
from vaekit.errors import UserError


def _of_pictures(flag: str, name: str, help_text: str, **more: Any) -> Any:
    """An option that some pictures have; left out, it is at the picture's own default."""
    return click.option(flag, name, help=help_text, **more)


@click.command(short_help="Draw a picture by its name: PNG, SVG, PDF, GIF or MP4.")
@run_argument
@click.argument("name", metavar="NAME")
@click.option(
    "--format",
    "file_format",
    metavar="FORMAT",
    help="Default: by FILE, else png, of walk gif.",
)
@click.option("--dpi", type=click.IntRange(10, 2400), help="Pixels an inch. Default: 150.")
@click.option("--size", type=FIGURE_SIZE, help="Width and height in inches, such as 3.5x2.5.")
@click.option("--out", metavar="FILE", help="Default: in the run's figures/.", **ONCE)
@data_option("Where the images come from. Default: what the run was trained on.")
@skip_bad_option
@_of_pictures("-n", "count", "How many images.", type=click.IntRange(1))
@_of_pictures("--steps", "steps", "On the way from one to the other.", type=click.IntRange(2))
@_of_pictures("--way", "way", "linear or spherical. Default: the latent's own.", metavar="WAY")
@_of_pictures("--latents", "latents", "How many move.", type=click.IntRange(1))
@_of_pictures("--span", "span", "How far latents move, in standard deviations.", type=SPAN)
@_of_pictures("--label", "label", "The class to decode in.", type=click.IntRange(0))
@_of_pictures("--labels", "labels", "Classes of samples, in turn.", type=LABELS)
@_of_pictures("--seed", "seed", "What samples are drawn by.", type=click.IntRange(0))
@_of_pictures("--sampler", "sampler", "What draws samples.", metavar="NAME")
@_of_pictures("--temperature", "temperature", "Of samples.", type=TEMPERATURE)
@_of_pictures("--rate", "rate", "Frames a second.", type=click.IntRange(1, 50))
def figure(
    run: str,
    name: str,
    file_format: str | None,
    dpi: int | None,
    size: tuple[float, float] | None,
    out: str | None,
    data: str | None,
    skip_bad: bool,
    **options: Any,
) -> None:
    """Draw a picture of a run: latent, reconstructions, samples, manifold, traversal, curves.

    Also interpolations, and walk, a film; the beginning of a name will do. Each has some of the
    options from -n on. Pictures are PNG, SVG or PDF, films GIF or MP4.
    """
    from vaekit import api

    loaded = api.load(run)  # chooses the backend, so it comes before what imports Keras
    from vaekit import figures

    picture = figures.picture_named(name)
    path = _path(loaded.directory.figures / picture.file, file_format, out)
    picture.refuse_file(path)
    if data is not None or skip_bad:
        picture.refuse_data()
    chosen = {option: value for option, value in options.items() if value is not None}
    drawn = figures.draw_picture(
        loaded,
        name,
        lambda count: loaded.held_out(data, count, skip_bad=skip_bad, progress=True).images,
        **chosen,
    )
    with loaded.directory.changing(path):
        figures.save_picture(drawn, path, dpi=dpi, size=size)
    click.echo(path)


def _path(default: Path, file_format: str | None, out: str | None) -> Path:
    """The file to write: as it is named, else in the run, in the format that is asked for."""
    if out is None:
        return default if file_format is None else default.with_suffix(f".{file_format.lower()}")
    path = Path(out)
    if file_format is not None and path.suffix.lower() != f".{file_format.lower()}":
        raise UserError(f"--format {file_format} and --out {out} name two formats: leave out one.")
    return path
