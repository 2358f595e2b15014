"""`vaekit data info`."""

from __future__ import annotations

from typing import Any

import click

from vaekit.cli.values import IMAGE_SIZE, skip_bad_option


@click.group()
def data() -> None:
    """Look at data sources."""


@data.command()
@click.argument("source")
@click.option("--image-size", type=IMAGE_SIZE, help="Resize images, 64 or 64x48.")
@click.option("--resize", type=click.Choice(("stretch", "crop", "pad")), help="How, if at all.")
@click.option("--gray", is_flag=True, help="Make colour images grey.")
@skip_bad_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def info(source: str, as_json: bool, **options: Any) -> None:
    """Print count, shape, type, range, classes and factors of a name or a path."""
    from vaekit.data import describe, free_budget, load_data

    facts = describe(load_data(source, **options, budget=free_budget(), progress=True))
    if as_json:
        import json

        click.echo(json.dumps(facts, indent=2))
        return
    for name, value in facts.items():
        click.echo(f"{name:<10}{_text(value)}")


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_text(item)}" for name, item in value.items())
    if isinstance(value, list):
        return " ".join(str(item) for item in value)
    return "none" if value is None else str(value)
