"""Train and evaluate a row of published figures, and say whether it is reproduced.

    python -m benchmarks.published                       the rows
    python -m benchmarks.published vae-400 --data DIR    one of them, in full
    python -m benchmarks.published iwae-k5 --share 0.05  a share of its schedule, for ordering

Run it from the top of a checkout: results go to `benchmarks/results/published/`. The rows are in
`vaekit/proof/published/rows.toml`, and `vaekit prove --published ROW` certifies one in full. The
distributions of plugins/ that a row needs must be installed. Of a share, nothing counts as
reproduced; nor does a figure outside the tolerance: exit code 1.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import click

import vaekit
from vaekit.benchmark.results import heading, write_result
from vaekit.startup import select_backend

RESULTS = Path(__file__).parent.parent / "results" / "published"


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("name", metavar="ROW", required=False)
@click.option("--data", metavar="SOURCE", help="Default: the registered data set of the row.")
@click.option(
    "--share", type=click.FloatRange(0, 1, min_open=True), default=1.0, help="Of the schedule."
)
@click.option("--limit", type=click.IntRange(1), help="Evaluate the first N test images only.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option("--out", type=click.Path(path_type=Path), help="Run directory. Default: a new one.")
def main(
    name: str | None,
    data: str | None,
    share: float,
    limit: int | None,
    seed: int,
    out: Path | None,
) -> None:
    """Train and evaluate ROW, or list the rows."""
    select_backend(None)
    from vaekit.proof.published.repeat import repeat
    from vaekit.proof.published.rows import chosen_rows, read_rows

    if name is None:
        for row in read_rows().values():
            figure = f"{row.figure:8g} +- {row.tolerance:<5g}{row.unit:<7}"
            click.echo(f"{row.name:<12}{figure}{row.paper}")
            click.echo(f"{'':<12}{row.protocol} {row.hardware}.")
        return
    try:
        (row,) = chosen_rows([name])
        folder = out or Path(tempfile.mkdtemp(prefix=f"{name}-"))
        result = repeat(
            row, data or row.source, folder / "run", share=share, limit=limit, seed=seed
        )
    except vaekit.VaekitError as error:
        raise click.ClickException(str(error)) from error
    RESULTS.mkdir(parents=True, exist_ok=True)
    path = RESULTS / f"{name}{'' if result.whole else f'-share-{share:g}'}.json"
    write_result(form_of(result, seed), path)
    click.echo(result.verdict)
    click.echo(f"Written: {path}")
    if not result.reproduced:
        raise SystemExit(1)


def form_of(result: Any, seed: int) -> dict[str, Any]:
    """A `Repeated` as its file has it."""
    row, record = result.row, result.run.record
    return {
        **heading("published"),
        "row": row.name,
        "paper": row.paper,
        "protocol": row.protocol,
        "published": row.figure,
        "tolerance": row.tolerance,
        "unit": row.unit,
        "share": result.share,
        "epochs": record.training.epochs_done,
        "images": result.images,
        "seed": seed,
        "estimate": result.estimate,
        "elbo": result.elbo,
        "reproduced": result.reproduced,
        "seconds": {"training": result.training, "evaluation": result.evaluation},
        "backend": record.backend,
        "versions": record.versions,
        "machine": record.machine.model_dump(),
    }


if __name__ == "__main__":
    main()
