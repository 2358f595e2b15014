"""`vaekit encode` and `decode`: from file to file."""

from __future__ import annotations

from pathlib import Path

import click

from vaekit.cli.values import data_option, run_argument


@click.command(short_help="Write the latents of images to HDF5.")
@run_argument
@data_option("A registered name or a path.", required=True)
@click.option("--out", metavar="FILE.h5", required=True, help="File to write.")
@click.option(
    "--split",
    type=click.Choice(("all", "train", "test")),
    default="all",
    show_default=True,
    help="Which images; all is the training images, then the test set.",
)
def encode(run: str, data: str, out: str, split: str) -> None:
    """Write z_mean and z_log_var of every image, and its label, in the order of the source."""
    from vaekit import api

    loaded = api.load(run)  # chooses the backend, so it comes before what imports Keras
    from vaekit import evaluation

    images = evaluation.images_of(loaded.dataset(data), split)
    count = evaluation.encode_to_file(loaded, images, Path(out))
    click.echo(f"{out}: z_mean and z_log_var of {count} images")


@click.command(short_help="Write the images of latents to HDF5.")
@run_argument
@click.argument("latents", metavar="LATENTS.h5[::NAME]")
@click.option("--out", metavar="FILE.h5", required=True, help="File to write.")
def decode(run: str, latents: str, out: str) -> None:
    """Decode the dataset z_mean (or NAME) of an HDF5 file into `images` of another."""
    from vaekit import api

    loaded = api.load(run)
    from vaekit import evaluation

    count = evaluation.decode_to_file(loaded, latents, Path(out))
    click.echo(f"{out}: {count} images")
