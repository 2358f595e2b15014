"""Train and evaluate a row of published figures, and say whether it is reproduced.

    python -m benchmarks.published                       the rows
    python -m benchmarks.published vae-400 --data DIR    one of them, in full
    python -m benchmarks.published iwae-k5 --share 0.05  a share of its schedule, for ordering

Run it from the top of a checkout. The distributions of plugins/ that a row needs must be installed.
Of a share, nothing counts as reproduced; nor does a figure outside the tolerance: exit code 1.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

import vaekit
from benchmarks.published.rows import Row, read_rows
from vaekit.benchmark.results import heading, write_result

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
    rows = read_rows()
    if name is None:
        for row in rows.values():
            figure = f"{row.figure:8g} +- {row.tolerance:<5g}{row.unit:<7}"
            click.echo(f"{row.name:<12}{figure}{row.paper}")
            click.echo(f"{'':<12}{row.protocol} {row.hardware}.")
        return
    if name not in rows:
        raise click.BadParameter(f"There is no row {name!r}: {', '.join(rows)}.")
    row = rows[name]
    source = data or ("fashion_mnist" if row.against else "mnist")
    try:
        result = run_row(row, source, share=share, limit=limit, seed=seed, out=out)
    except vaekit.VaekitError as error:
        needs = f" The row needs {', '.join(row.needs)}." if row.needs else ""
        raise click.ClickException(f"{error}{needs}") from error
    RESULTS.mkdir(parents=True, exist_ok=True)
    path = RESULTS / f"{name}{'' if share == 1.0 else f'-share-{share:g}'}.json"
    write_result(result, path)
    click.echo(verdict(row, result))
    click.echo(f"Written: {path}")
    if not result["reproduced"]:
        raise SystemExit(1)


def run_row(
    row: Row, source: str, *, share: float, limit: int | None, seed: int, out: Path | None
) -> dict[str, Any]:
    """Train and evaluate a row; what is kept of it."""
    stages = row.stages(share)
    dataset = vaekit.load_data(source)
    began = time.perf_counter()
    run = vaekit.train(
        **row.train,
        data=_parted(dataset, row.held_out),
        epochs=sum(epochs for epochs, _ in stages),
        learning_rate=stages[0][1],
        callbacks=[_rates(stages)],
        seed=seed,
        figures=False,
        checkpoint_every="10epoch",
        **({} if out is None else {"out": str(out)}),
    )
    trained = time.perf_counter()
    measured = run.evaluate(
        dataset,
        limit=limit,
        metrics=[row.metric],
        metric_options={row.metric: dict(row.metric_options)},
        against=row.against,
        progress=True,
    )
    estimate = measured["metrics"][row.metric][row.figure_name]
    whole = share == 1.0 and limit is None
    return {
        **heading("published"),
        "row": row.name,
        "paper": row.paper,
        "protocol": row.protocol,
        "published": row.figure,
        "tolerance": row.tolerance,
        "unit": row.unit,
        "share": share,
        "epochs": run.record.training.epochs_done,
        "images": measured["images"],
        "seed": seed,
        "estimate": estimate,
        "elbo": measured.get("elbo"),
        "reproduced": whole and row.reproduced(estimate["value"], share),
        "seconds": {
            "training": round(trained - began, 1),
            "evaluation": round(time.perf_counter() - trained, 1),
        },
        "backend": run.record.backend,
        "versions": run.record.versions,
        "machine": run.record.machine.model_dump(),
    }


def verdict(row: Row, result: dict[str, Any]) -> str:
    """What came of a row, as a sentence."""
    error = result["estimate"]["error"]
    spread = "" if error is None else f" +- {error:.2g}"
    got = f"{row.name}: {result['estimate']['value']:.2f}{spread} {row.unit}"
    published = f"published {row.figure:g}, tolerance {row.tolerance:g}"
    if result["reproduced"]:
        return f"{got}; {published}: reproduced."
    if result["share"] < 1.0:
        return f"{got} after {result['share']:.0%} of the schedule; {published}: for ordering only."
    return f"{got}; {published}: not reproduced."


def _parted(dataset: vaekit.Dataset, held_out: int) -> vaekit.Dataset:
    """The last training images in the test set's place, so that it decides nothing."""
    if not held_out:
        return dataset
    train = dataset.train
    labels = train.labels
    parts = [
        vaekit.Images(train.pixels[part], None if labels is None else labels[part])
        for part in (slice(-held_out), slice(-held_out, None))
    ]
    return dataset._replace(train=parts[0], test=parts[1])


def _rates(stages: list[tuple[int, float]]) -> Any:
    """A Keras callback that gives each epoch the rate of its stage."""
    import keras

    by_epoch = [rate for epochs, rate in stages for _ in range(epochs)]
    rate_of: Callable[[int, float], float] = lambda epoch, rate: by_epoch[epoch]  # noqa: E731
    return keras.callbacks.LearningRateScheduler(rate_of)


if __name__ == "__main__":
    main()
