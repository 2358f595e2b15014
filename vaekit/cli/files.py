"""`vaekit encode` and `decode`: from file to file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from vaekit.cli.values import data_option, skip_bad_option

if TYPE_CHECKING:
    from vaekit.data import Scale
    from vaekit.model_files import ModelFile
    from vaekit.run import Run

_model_argument = click.argument("model", metavar="RUN|FILE", type=click.Path(path_type=str))
_trust = click.option(
    "--trust",
    is_flag=True,
    help="Let Keras load a model file as it is, and run any code that it holds.",
)


@click.command(short_help="Write the latents of images to HDF5.")
@_model_argument
@data_option("A registered name or a path.", required=True)
@skip_bad_option
@click.option("--out", metavar="FILE.h5", required=True, help="File to write.")
@click.option(
    "--split",
    type=click.Choice(("all", "train", "test")),
    default="all",
    show_default=True,
    help="Which images; all is the training images, then the test set.",
)
@_trust
def encode(model: str, data: str, skip_bad: bool, out: str, split: str, trust: bool) -> None:
    """Write z_mean and z_log_var of every image, and its label, in the order of the source.

    The encoder is a run's, or that of a .keras or .h5 file.
    """
    loaded = _load(model, trust)  # chooses the backend, so it comes before what imports Keras
    from vaekit import inference

    images = inference.images_of(loaded.dataset(data, skip_bad=skip_bad, progress=True), split)
    count = inference.encode_to_file(loaded, images, Path(out))
    click.echo(f"{out}: z_mean and z_log_var of {count} images")


@click.command(short_help="Write the images of latents to HDF5.")
@_model_argument
@click.argument("latents", metavar="LATENTS.h5[::NAME]")
@click.option("--out", metavar="FILE.h5", required=True, help="File to write.")
@_trust
def decode(model: str, latents: str, out: str, trust: bool) -> None:
    """Decode the dataset z_mean (or NAME) of an HDF5 file into `images` of another.

    The decoder is a run's, or that of a .keras or .h5 file.
    """
    loaded = _load(model, trust)
    from vaekit import inference

    count = inference.decode_to_file(loaded, latents, Path(out))
    click.echo(f"{out}: {count} images")


def _load(model: str, trust: bool) -> Run | ModelFile:
    from vaekit import api
    from vaekit.errors import UserError

    if Path(model).is_file():
        from vaekit.startup import select_backend

        select_backend(None)
        from vaekit.model_files import ModelFile

        return ModelFile(model, trust=trust, scale=_scale_beside(Path(model)))
    if trust:
        raise UserError(f"--trust is for model files, and {model} is none.")
    return api.load(model)


def _scale_beside(model: Path) -> Scale | None:
    """The scale of the run whose directory a model file lies in; None where it lies in none."""
    from vaekit.data import recorded_scale
    from vaekit.errors import UserError
    from vaekit.run import RunDirectory

    try:
        data = RunDirectory(model.parent).read_record().data
    except UserError:
        return None
    return recorded_scale(data.scale, data.type)
