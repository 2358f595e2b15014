"""`vaekit export`: parts of a run for other runtimes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from vaekit.cli.values import ONCE, data_option, run_argument, skip_bad_option

if TYPE_CHECKING:
    from vaekit.export import Export


@click.command(short_help="Write a model for ONNX Runtime, LiteRT, TensorFlow or OpenVINO.")
@run_argument
@click.option(
    "--format",
    "file_format",
    metavar="FORMAT",
    required=True,
    help="onnx, litert, savedmodel or openvino.",
    **ONCE,
)
@click.option(
    "--part",
    metavar="PART",
    help="encoder, posterior, decoder, vae, scorer-SCORE or all. Default: all.",
    **ONCE,
)
@click.option(
    "--quantize",
    metavar="TYPE",
    help="Weights in float16, or int8, where the format has it. Default: float32.",
    **ONCE,
)
@click.option("--out", metavar="DIR", help="Default: exports/FORMAT in the run.", **ONCE)
@data_option("Images to check it on. Default: held-out ones of what the run was trained on.")
@skip_bad_option
def export(
    run: str,
    file_format: str,
    part: str | None,
    quantize: str | None,
    out: str | None,
    data: str | None,
    skip_bad: bool,
) -> None:
    """Write parts of a run into a folder, and hold each against Keras on real images.

    Encoder: images to z. Posterior: images to what the latent tells of them. Decoder: z to images.
    Vae: images and noise to reconstructions. Scorer-elbo and its like, of a run that `vaekit
    calibrate` was asked for that score: images to score and p-value. Batches are of any size; the
    classes of a run with a condition are an input, labels.

    Beside them, export.json tells shapes, how images are scaled, classes, and by how much each
    output differs. Where that is more than the precision explains, nothing is written.
    """
    from vaekit import api

    loaded = api.load(run)
    exported = loaded.export(
        file_format,
        part or "all",
        quantize=quantize,
        out=out,
        data=data,
        skip_bad=skip_bad,
        progress=True,
    )
    for line in _lines(exported):
        click.echo(line)


def _lines(exported: Export) -> Iterator[str]:
    about: dict[str, Any] = exported.description
    for name, why in about["left_out"].items():
        yield f"{name} is left out: {why}"
    checked = about["checked"]
    yield f"held against {checked['against']} on {checked['images']} images of {checked['source']}:"
    for name in exported.written:
        described = about["parts"][name]
        size = sum(file["size"] for file in described["files"].values())
        yield f"  {exported.path / described['file']}  {size / 1e6:.2f} MB"
        for output, told in described["outputs"].items():
            others = told.get("images_of_other_codes")
            yield (
                f"    {output:<16}differs by {told['largest_difference']:.1e} at most; "
                f"{told['allowed_difference']:.1e} is allowed"
                + (f", {others} images chose other codes" if others else "")
            )
    yield "To run it, in Python:"
    yield from exported.example.splitlines()
