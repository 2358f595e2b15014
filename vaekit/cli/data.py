"""`vaekit data info`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from vaekit.cli.values import IMAGE_SIZE, skip_bad_option

if TYPE_CHECKING:
    from vaekit.data import Mend


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


@data.command()
@click.argument("source")
@click.argument("how", type=click.Choice(("stretch", "distinct")))
@click.option("--out", metavar="FILE", required=True, help="File to write, an .npz.")
@skip_bad_option
def mend(source: str, how: str, out: str, skip_bad: bool) -> None:
    """Write the images of a name or a path mended, with their labels.

    stretch: the darkest value becomes black and the brightest white. distinct: each image once.
    """
    from vaekit.data import load_data, write_mended

    dataset = load_data(source, skip_bad=skip_bad, progress=True)
    count = write_mended(dataset, cast("Mend", how), Path(out))
    click.echo(f"{out}: {count:,} images")


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_text(item)}" for name, item in value.items())
    if isinstance(value, list):
        return " ".join(str(item) for item in value)
    return "none" if value is None else str(value)
