"""`vaekit sweep`: many trainings of one file."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from vaekit.cli.columns import in_columns
from vaekit.cli.values import stopped_by

if TYPE_CHECKING:
    from vaekit.sweeps import Sweep

_SHOWN = 5


@click.command(short_help="Train a run for each of many settings; goes on where it was cut.")
@click.argument("file", metavar="FILE.toml")
@click.option("--out", metavar="DIR", help="Folder of the runs. Default: runs/ and FILE's name.")
@click.option(
    "--jobs",
    metavar="N",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Processes that train at once.",
)
@click.option(
    "--metric",
    metavar="COLUMN",
    help="Column of history.csv that trials are judged by. Default: FILE's, else val_elbo.",
)
def sweep(file: str, out: str | None, jobs: int, metric: str | None) -> None:
    """Train a run for each of many settings that FILE.toml gives, and tell which are the best.

    Started again on the same folder, it goes on: what ended stays, what was cut goes on from its
    checkpoint. Several processes may do so at once.
    """
    from vaekit import sweeps
    from vaekit.plugins import selection_words, warn_of_broken

    swept = sweeps.sweep(file, out=out, jobs=jobs, metric=metric)
    if jobs == 1:  # else this process has loaded none
        warn_of_broken()
    again = ["vaekit", "sweep", *selection_words(), file]
    again += ["--out", out] if out else []
    again += ["--jobs", str(jobs)] if jobs > 1 else []
    again += ["--metric", metric] if metric else []
    for line in _lines(swept, shlex.join(again)):
        click.echo(line)
    if swept.stopped_by is not None:
        raise SystemExit(stopped_by(swept.stopped_by))
    if not swept.left and swept.best is None:
        raise SystemExit(1)


@click.command("sweep-worker", hidden=True)
@click.argument("folder")
@click.option("--source", required=True)
@click.option("--messages", type=int, required=True)
def sweep_worker(folder: str, source: str, messages: int) -> None:
    """What `vaekit sweep --jobs` starts: a process that trains trials of the sweep in FOLDER."""
    from vaekit.sweeps import work_for_parent

    work_for_parent(folder, source, messages)


def _lines(swept: Sweep, again: str) -> Iterator[str]:
    """The best trials, how many came to what, and what to do next."""
    from vaekit.sweeps.lines import value_text

    config = swept.config
    best = swept.ranked[:_SHOWN]
    if best:
        axes = list(config.axes_by_name)
        heads = ("", config.metric, "epochs", *axes)
        rows = [
            (t.name, value_text(t.value), str(t.epochs), *(value_text(t.values[a]) for a in axes))
            for t in best
        ]
        yield ""
        yield from in_columns([heads, *rows])
        yield ""
    states = [trial.state for trial in swept.trials]
    counts = [f"{states.count(state)} {state}" for state in ("complete", "pruned", "failed")]
    yield f"{config.total} trials in {swept.folder}: {', '.join(counts)}, {swept.left} left."
    if swept.best is not None:
        yield f"The best again: {swept.command(swept.best)}"
        yield f"All side by side: {shlex.join(['vaekit', 'compare', str(swept.folder)])}"
    if swept.left:
        stopped = f"Stopped by {swept.stopped_by}. " if swept.stopped_by else ""
        yield f"{stopped}Go on with: {again}"
