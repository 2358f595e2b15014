"""`vaekit report`: a run on one page."""

from __future__ import annotations

import click

from vaekit.cli.values import data_option, run_argument, skip_bad_option


@click.command(short_help="Write a run on one page, to look at and to pass on.")
@run_argument
@data_option("Where the images come from. Default: what the run was trained on.")
@skip_bad_option
@click.option("-n", "images", type=click.IntRange(1), help="Images, at most. Default: 2,000.")
@click.option("--out", metavar="FILE.html", help="Default: report.html in the run.")
@click.option("--live", is_flag=True, help="Put the decoder into the page, to decode in a browser.")
def report(
    run: str, data: str | None, skip_bad: bool, images: int | None, out: str | None, live: bool
) -> None:
    """Write one HTML file that holds all that it shows, and needs no network.

    What was trained, on what, with what, and the command that does it again; curves of every term;
    the latent map, in which images are pointed at, hidden by class and selected; pictures, the use
    of z, diagnosis and metrics; a drawing of the model.

    Training makes it, too, without what takes longer: a look at the model for the diagnosis, and
    t-SNE of the map, which needs scikit-learn: vaekit[digits].

    With --live, a reader drags a point in the map and moves values of z by sliders, and sees what
    the decoder makes of them. It needs vaekit[onnx].
    """
    from vaekit import api

    loaded = api.load(run)
    click.echo(
        loaded.report(out, data=data, images=images, live=live, skip_bad=skip_bad, progress=True)
    )
