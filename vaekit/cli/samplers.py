"""`vaekit fit-sampler`: fit a sampler on a run that is trained."""

from __future__ import annotations

import click

from vaekit.cli.values import KEY_VALUE, data_option, run_argument, skip_bad_option


@click.command("fit-sampler", short_help="Fit a sampler on a trained run.")
@run_argument
@click.argument("name")
@click.option(
    "--sampler-opt", "options", type=KEY_VALUE, multiple=True, help="An option of the sampler."
)
@data_option("Images to fit on. Default: those that the run was trained on.")
@skip_bad_option
def fit_sampler(
    run: str,
    name: str,
    options: tuple[tuple[str, str], ...],
    data: str | None,
    skip_bad: bool,
) -> None:
    """Fit the sampler NAME on the codes of the training images, and save it in the run.

    `vaekit sample RUN --sampler NAME` draws by it. One of that name is replaced.
    """
    from vaekit import api

    loaded = api.load(run)
    if loaded.record.status != "complete":
        epochs = loaded.record.training.epochs_done
        click.echo(
            f"The training of {run} hasn't ended, so this is fitted to what it is after {epochs} "
            "epochs: after more, fit again.",
            err=True,
        )
    path = loaded.fit_sampler(name, dict(options), data=data, skip_bad=skip_bad, progress=True)
    if loaded.takes_labels and not loaded.sampler(name)[1].conditional:
        click.echo(f"The sampler {name!r} draws z whatever the class.", err=True)
    click.echo(path)
