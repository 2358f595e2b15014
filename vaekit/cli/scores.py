"""`vaekit evaluate`."""

from __future__ import annotations

import click

from vaekit.cli.values import data_option, run_argument


@click.command(short_help="Measure a run on held-out images.")
@run_argument
@data_option("A registered name or a path. Default: what the run was trained on.")
@click.option("--limit", type=click.IntRange(1), help="Use only the first N images.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def evaluate(run: str, data: str | None, limit: int | None, as_json: bool) -> None:
    """Print loss terms, ELBO (nats), MSE, PSNR (dB), KL of each latent and active units.

    The images are the source's test set; where it has none, the run's own validation share, or
    all images of another source.
    """
    from vaekit import api

    result = api.load(run).evaluate(data, limit=limit)
    if as_json:
        import json

        click.echo(json.dumps(result, indent=2))
        return
    for name, value in result.items():
        numbers = value if isinstance(value, list) else [value]
        texts = [f"{n:.5g}" if isinstance(n, float) else str(n) for n in numbers]
        click.echo(f"{name:<16}{'  '.join(texts)}")
