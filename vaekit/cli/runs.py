"""`vaekit evaluate` and `debug-step`: what a run is asked once it is over."""

from __future__ import annotations

import click

from vaekit.cli.figures_table import figure_lines
from vaekit.cli.values import KEY_VALUE, ONCE, data_option, run_argument, skip_bad_option


@click.command(short_help="Measure a run on held-out images.")
@run_argument
@data_option("A registered name or a path. Default: what the run was trained on.")
@skip_bad_option
@click.option("--limit", type=click.IntRange(1), help="Use only the first N images.")
@click.option(
    "--metric",
    metavar="NAME[,NAME]",
    help="Metrics to measure by, too. `vaekit plugins` lists them.",
    **ONCE,
)
@click.option(
    "--metric-opt",
    "options",
    type=KEY_VALUE,
    multiple=True,
    help="An option of the metric; of several metrics, NAME.K=V.",
)
@click.option(
    "--against",
    metavar="SOURCE",
    help="Images that metrics hold against the others, a registered name or a path.",
    **ONCE,
)
@click.option(
    "--seed", type=click.IntRange(0), default=0, show_default=True, help="What metrics draw by."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def evaluate(
    run: str,
    data: str | None,
    skip_bad: bool,
    limit: int | None,
    metric: str | None,
    options: tuple[tuple[str, str], ...],
    against: str | None,
    seed: int,
    as_json: bool,
) -> None:
    """Print loss terms, ELBO (nats), MSE, PSNR (dB), KL of each latent and active units.

    The images are the source's test set; where it has none, the run's own validation share, or
    all images of another source.
    """
    from vaekit import api

    result = api.load(run).evaluate(
        data,
        limit=limit,
        metrics=metric or (),
        metric_options=dict(options),
        against=against,
        seed=seed,
        skip_bad=skip_bad,
        progress=True,
    )
    if as_json:
        import json

        click.echo(json.dumps(result, indent=2))
        return
    metrics = result.pop("metrics", {})
    for name, value in result.items():
        numbers = value if isinstance(value, list) else [value]
        texts = [f"{n:.5g}" if isinstance(n, float) else str(n) for n in numbers]
        click.echo(f"{name:<16}{'  '.join(texts)}")
    for name, figures in metrics.items():
        click.echo(f"\n{name}")
        for line in figure_lines(figures):
            click.echo(f"  {line}")


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
