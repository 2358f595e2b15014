"""`vaekit runs`: the runs of a folder."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import click

from vaekit.cli.columns import in_columns

if TYPE_CHECKING:
    from vaekit.run_directory import ListedRun

_HEADS = ("RUN", "STATE", "EPOCHS", "BEST", "WHEN", "PARTS", "DATA")
_WIDEST = 160  # characters of a reason; --json has all of it


@click.command("runs", short_help="List the runs of a folder.")
@click.argument("folder", default="runs")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def runs(folder: str, as_json: bool) -> None:
    """List the runs of FOLDER and of folders in it: state, parts, epochs, best values, data.

    The best values are those of held-out images after the best epoch, by ELBO, or by loss where
    there is no ELBO. A run that can't be read is listed with the reason. FOLDER is runs/ unless it
    is named.
    """
    from vaekit.run_directory import list_runs

    listed = list_runs(folder)
    if as_json:
        import json

        click.echo(json.dumps([run.as_json() for run in listed], indent=2))
        return
    if not listed:
        click.echo(f"No runs in {folder}.")
        return
    lines = in_columns([_HEADS, *map(_row, listed)])
    click.echo(next(lines))
    for line, run in zip(lines, listed, strict=True):
        click.echo(line)
        if run.why:
            click.echo(f"  ! {textwrap.shorten(run.why, _WIDEST, placeholder=' ...')}")


def _row(run: ListedRun) -> tuple[str, ...]:
    if run.state in ("damaged", "unreadable"):
        return (str(run.path), run.state, *[""] * (len(_HEADS) - 2))
    done, asked = run.epochs
    return (
        str(run.path),
        run.state,
        f"{done}/{asked}",
        _best(run),
        run.created[:16].replace("T", " "),
        " ".join(run.parts.values()),
        run.data,
    )


def _best(run: ListedRun) -> str:
    """The first two of its best values: the ELBO, or the loss, and one that compares."""
    names = [name for name in ("elbo", "loss") if name in run.best][:1]
    names += [name for name in ("mse",) if name in run.best]
    return ", ".join(f"{name} {run.best[name]:.5g}" for name in names)
