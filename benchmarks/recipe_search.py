"""The search that the recipe `fast` came from: how good each batch size, rate and length gets.

    python benchmarks/recipe_search.py FOLDER --trial 64,0.004,5 --trial 32,0.001,2 --out s.json

FOLDER holds MNIST as IDX files. A trial is a batch size, a highest rate and a number of epochs, on
the recipe's curve. The total is 1000 x mean squared error, with one sample of z, plus the KL, over
the test images after the last epoch.

Every finished trial is added to the result file at once; those that are there already are not done
again.
"""

from __future__ import annotations

from pathlib import Path

import click
from time_to_quality import Curve, kit_curve

from vaekit.benchmark.results import heading, measurement, read_result, write_result
from vaekit.errors import UserError, VaekitError


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--trial", "trials", multiple=True, required=True, metavar="BATCH,RATE,EPOCHS")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="JSON to add to.")
def main(folder: Path, trials: tuple[str, ...], seed: int, out: Path) -> None:
    """Do the trials, and note what each reached."""
    try:
        settings = [_parsed(text) for text in trials]
        result = (
            read_result(out) if out.exists() else {**heading("recipe_search"), "measurements": []}
        )
        for batch_size, rate, epochs in settings:
            name = trial_name(batch_size, rate, epochs, seed)
            if any(row["what"] == name for row in result["measurements"]):
                continue
            options = ["--recipe", "fast", "--seed", str(seed), "--batch-size", str(batch_size)]
            options += ["--learning-rate", str(rate), "--epochs", str(epochs)]
            curve, environment = kit_curve(folder, options)
            result.update(environment)
            result["measurements"].append(trial_row(name, curve))
            write_result(result, out)
            click.echo(f"{name}: {curve[-1]['total']:.2f}")
    except VaekitError as error:
        click.echo(f"recipe_search: {error}", err=True)
        raise SystemExit(error.exit_code) from None


def trial_name(batch_size: int, rate: float, epochs: int, seed: int) -> str:
    """What a trial goes by in the result."""
    return f"total: batch {batch_size}, rate {rate:g}, {epochs} epochs, seed {seed}"


def trial_row(name: str, curve: Curve) -> dict[str, object]:
    """A trial's row: its last total, and those of the epochs before."""
    return measurement(name, "", [curve[-1]["total"]], better="lower", curve=curve)


def _parsed(text: str) -> tuple[int, float, int]:
    try:
        batch_size, rate, epochs = text.split(",")
        return int(batch_size), float(rate), int(epochs)
    except ValueError:
        raise UserError(
            f"--trial takes BATCH,RATE,EPOCHS, like 64,0.004,5; not {text!r}."
        ) from None


if __name__ == "__main__":
    main()
