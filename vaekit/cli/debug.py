"""`vaekit debug-step`."""

from __future__ import annotations

import click

from vaekit.cli.values import run_argument


@click.command("debug-step", short_help="Do the step again at which a run diverged.")
@run_argument
def debug_step(run: str) -> None:
    """Print each term, the images' indices, the gradients' norms and what was not finite first."""
    from vaekit import api

    replay = api.debug_step(run)
    click.echo(f"Step {replay.step} of epoch {replay.epoch}")
    click.echo(f"images: {', '.join(map(str, replay.images))}")
    click.echo("terms, averages over the batch:")
    for name, value in replay.terms.items():
        click.echo(f"  {name:<32}{value:.6g}")
    click.echo("norms of the gradients:")
    for name, value in replay.gradients.items():
        click.echo(f"  {name:<32}{value:.6g}")
    click.echo(
        f"first not finite: {replay.first_bad or 'nothing; something else changed a weight'}"
    )
