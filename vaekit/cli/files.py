"""`vaekit encode`, `decode` and `score`: from file to file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from vaekit.cli.values import data_option, run_argument, skip_bad_option

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
_table = click.option(
    "--out",
    metavar="FILE",
    required=True,
    help="File to write: .h5, .npz, .csv or .parquet, by its ending.",
)


@click.command(short_help="Write the latents of images to a file.")
@_model_argument
@data_option("A registered name or a path.", required=True)
@skip_bad_option
@_table
@click.option(
    "--split",
    type=click.Choice(("all", "train", "test")),
    default="all",
    show_default=True,
    help="Which images; all is the training images, then the test set.",
)
@_trust
def encode(model: str, data: str, skip_bad: bool, out: str, split: str, trust: bool) -> None:
    """Write what the latent tells of every image, its file and its class, in the source's order.

    Of the default latent that is z_mean and z_log_var, and of a latent of codes their numbers, in
    the smallest type that holds them. A run with a condition needs the class of every image. The
    encoder is a run's, or that of a .keras or .h5 file.
    """
    from vaekit.tables import refuse_unknown_ending

    refuse_unknown_ending(Path(out))
    loaded = _load(model, trust)  # chooses the backend, so it comes before what imports Keras
    from vaekit import inference

    dataset = loaded.dataset(data, skip_bad=skip_bad, progress=True)
    images = inference.images_of(dataset, split)
    count, names = inference.encode_to_file(loaded, images, Path(out), dataset.classes)
    click.echo(f"{out}: {' and '.join(names)} of {count} images")


@click.command(short_help="Write the images of latents.")
@_model_argument
@click.argument("latents", metavar="LATENTS.h5[::NAME]")
@click.option(
    "--out",
    metavar="FOLDER|FILE",
    required=True,
    help="A new folder for a PNG each, a .png for one, or .h5 for floats.",
)
@click.option(
    "--tile",
    type=click.IntRange(1),
    metavar="PLACES",
    help="Decode maps in tiles of so many places a side: the same images, in less memory.",
)
@_trust
def decode(model: str, latents: str, out: str, tile: int | None, trust: bool) -> None:
    """Decode latents of an HDF5 file into pictures, or `images` of another.

    The latents are the dataset NAME, else the one that `encode` writes: z_mean of the default
    latent, z, or the numbers of codes. With a condition, the dataset `labels` says the class of
    each. PNG files have 8 bits a channel, and HDF5 float32. The decoder is a run's, or that of a
    .keras or .h5 file, which knows no codes.
    """
    from vaekit.image_files import refuse_unknown_images, stored_as

    refuse_unknown_images(Path(out))
    loaded = _load(model, trust)
    from vaekit import inference

    count = inference.decode_to_file(loaded, latents, Path(out), tile)
    click.echo(f"{out}: {count} images, {stored_as(Path(out))}")


@click.command(short_help="Write loss, ELBO and error of each image to a file.")
@run_argument
@data_option("A registered name or a path. Default: what the run was trained on.")
@_table
@click.option(
    "--split",
    type=click.Choice(("held-out", "all", "train", "test")),
    default="held-out",
    show_default=True,
    help="Which images; held-out is those that `evaluate` takes.",
)
@click.option(
    "--alpha",
    type=float,
    metavar="SHARE",
    help="Say which images are outliers, of normal ones at most this share: of a run that is "
    "calibrated.",
)
@click.option(
    "--score", "by", metavar="NAME", help="By which calibrated score. Needed if there are several."
)
@click.option(
    "--maps",
    is_flag=True,
    help="Write where in each image the score comes from, 4 bytes a pixel, to .h5 or .npz.",
)
@click.option(
    "--picture",
    metavar="FILE",
    help="Draw the strangest images and their maps: .png, .svg or .pdf.",
)
@skip_bad_option
def score(
    run: str,
    data: str | None,
    out: str,
    split: str,
    alpha: float | None,
    by: str | None,
    maps: bool,
    picture: str | None,
    skip_bad: bool,
) -> None:
    """Write each image's loss terms, ELBO and KL (nats), MSE and PSNR (dB), its file and class.

    The means are what `evaluate` gives of the same images; but its PSNR is of the mean error.

    With --alpha come the calibrated score, its p-value, and whether the image is an outlier: see
    `vaekit calibrate`.
    """
    from vaekit.cli.outlier_columns import OutlierColumns

    columns = OutlierColumns(alpha, by, maps, picture)
    columns.refuse(Path(out))
    from vaekit import api

    loaded = api.load(run)  # chooses the backend, so it comes before what imports Keras
    columns.refuse_picture()
    from vaekit import inference

    if split == "held-out":
        chosen = loaded.held_out(data, skip_bad=skip_bad, progress=True)
        images, split, classes = [chosen.images], chosen.split, chosen.classes
    else:
        dataset = loaded.dataset(data, skip_bad=skip_bad, progress=True)
        images, classes = inference.images_of(dataset, split), dataset.classes
    more = columns.of(loaded, images)
    count = inference.score_to_file(loaded, images, Path(out), classes, more)
    click.echo(f"{out}: {count} images ({split})")
    columns.tell()


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
