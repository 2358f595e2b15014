"""`vaekit compare`: runs side by side."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vaekit.cli.columns import in_columns

if TYPE_CHECKING:
    from vaekit.comparison import Cell, Comparison

_COLUMNS = 100
_MARKS = {"best": " *", "tied": " ~", "": ""}


@click.command(short_help="Compare runs: a table, and a page of curves and images.")
@click.argument("runs", metavar="RUN...", nargs=-1, required=True)
@click.option(
    "--by",
    metavar="NAME[,NAME]",
    default="",
    help="Options whose values make the groups: loss,seed. Default: all but the seed.",
)
@click.option("--json", "form", flag_value="json", help="Print JSON.")
@click.option("--csv", "form", flag_value="csv", help="Print CSV, a line a group.")
@click.option(
    "--out",
    metavar="FILE.html",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write a page, too: curves over each other, the same images and the same z by each run.",
)
@click.option("--no-images", is_flag=True, help="Load no model: the page has no images.")
def compare(
    runs: tuple[str, ...], by: str, form: str | None, out: Path | None, no_images: bool
) -> None:
    """Compare RUNs, or the runs of a folder: what differs, and each value with its spread.

    Runs that differ only in seed are a group: mean +- standard deviation over its runs. What can't
    be compared (other images, another likelihood, a loss that is no bound) isn't ranked, and it
    says why.
    """
    from vaekit import api

    compared = api.compare(runs, by=by)
    if form == "json":
        import json

        click.echo(json.dumps(compared.as_json(), indent=2))
    elif form == "csv":
        click.echo(compared.as_csv(), nl=False)
        for sentence in _sentences(compared):
            click.echo(sentence, err=True)
    else:
        for line in comparison_lines(compared):
            click.echo(line)
    if out is not None:
        compared.write_page(out, images=not no_images)
        if form is None:
            click.echo(f"\nThe page: {out}")


def comparison_lines(compared: Comparison) -> Iterator[str]:
    """The table of a comparison, and what is to be read beside it."""
    yield from _table(compared)
    yield from _sentences(compared)


def _table(compared: Comparison) -> Iterator[str]:
    from vaekit.comparison.grouping import text_of

    table = [("", [row.group for row in compared.rows])]
    table += [("runs", [str(len(row.runs)) for row in compared.rows])]
    table += [
        (field, [", ".join(map(text_of, row.options[field])) for row in compared.rows])
        for field in compared.rows[0].options
    ]
    table += [
        (
            f"{measure.name} ({measure.unit})" if measure.unit else measure.name,
            [_cell(row.cells[measure.name]) for row in compared.rows],
        )
        for measure in compared.measures
    ]
    width = max(len(name) for name, _ in table)
    for columns in _that_fit([cells for _, cells in table], width):
        rows = [(name.ljust(width), *(cells[at] for at in columns)) for name, cells in table]
        yield from in_columns(rows)
        yield ""


def _sentences(compared: Comparison) -> Iterator[str]:
    """What is to be read beside the table."""
    for sentence in (*compared.refusals, *compared.remarks, *compared.left_out):
        yield textwrap.fill(sentence, _COLUMNS, subsequent_indent="  ", break_on_hyphens=False)


def _cell(cell: Cell) -> str:
    if cell.mean is None:
        return "-"
    spread = "" if cell.std is None else f" +- {cell.std:.2g}"
    return f"{cell.mean:.5g}{spread}{_MARKS[cell.mark]}"


def _that_fit(rows: Sequence[Sequence[str]], first: int) -> Iterator[list[int]]:
    """The columns of a table, as many at a time as a line has room for beside the first one."""
    columns: list[int] = []
    room = _COLUMNS - first
    for number, cells in enumerate(zip(*rows, strict=True)):
        width = 2 + max(map(len, cells))
        if columns and width > room:
            yield columns
            columns, room = [], _COLUMNS - first
        columns.append(number)
        room -= width
    yield columns
