"""What the recipe `fast` does for other nets and losses than those that it was found with.

    python benchmarks/recipes.py FOLDER --limit 20000 --epochs 10 --out recipes.json

FOLDER holds MNIST as IDX files. Each case trains by the recipe `tutorial` for `--epochs`, and then
by `fast` for its own, from the same seed; its loss over the test images says how good it is, and
the share of time how soon `fast` was as good. A tutorial of fewer images or epochs than 60,000 and
20 is easier to reach: the share of a whole one is smaller.

Every finished run is added to the result file at once; those that are there are not done again.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from time_to_quality import Curve, kit_curve

from vaekit.benchmark.results import (
    Result,
    heading,
    measurement,
    read_result,
    refuse_unwritable,
    write_result,
)
from vaekit.errors import UserError, VaekitError

CASES = {
    "conv5 and deconv4, the tutorial's loss": [],
    "residual nets": ["--encoder", "residual", "--decoder", "residual"],
    "the ELBO": ["--loss", "elbo"],
    "beta-VAE": ["--loss", "beta"],
}


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--case", "cases", multiple=True, type=click.Choice([*CASES]), help="Default: all.")
@click.option("--epochs", type=click.IntRange(1), default=20, show_default=True)
@click.option("--limit", type=click.IntRange(1), help="Use only the first N images.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="JSON to add to.")
def main(
    folder: Path, cases: tuple[str, ...], epochs: int, limit: int | None, seed: int, out: Path
) -> None:
    """Train each case by both recipes, and note how soon `fast` was as good."""
    settings = {"epochs": epochs, "limit": limit, "seed": seed}
    try:
        refuse_unwritable(out)
        result = read_result(out) if out.exists() else _new(settings)
        if result["kind"] != "recipes" or result["settings"] != settings:
            raise UserError(f"{out} holds other settings, or is another benchmark's.")
        for case in cases or CASES:
            for recipe, many in (("tutorial", ["--epochs", str(epochs)]), ("fast", [])):
                if f"{case}, {recipe}" in result["curves"]:
                    continue
                job = [*CASES[case], "--recipe", recipe, *many, "--seed", str(seed)]
                job += [] if limit is None else ["--limit", str(limit)]
                curve, environment = kit_curve(folder, job)
                result.update(environment)
                result["curves"][f"{case}, {recipe}"] = curve
                result["measurements"] = rows_of(result["curves"])
                write_result(result, out)
                last = curve[-1]
                click.echo(f"{case}, {recipe}: {last['total']:.2f} after {last['seconds']:.0f} s")
    except VaekitError as error:
        click.echo(f"recipes: {error}", err=True)
        raise SystemExit(error.exit_code) from None
    for row in result["measurements"]:
        click.echo(f"{row['what']}: {row['median']:.4g} {row['unit']}")


def rows_of(curves: dict[str, Curve]) -> list[dict[str, Any]]:
    """What both recipes reached, and the share of the tutorial's time until `fast` was as good."""
    rows = []
    for name, curve in curves.items():
        case, _, recipe = name.rpartition(", ")
        last = curve[-1]
        rows.append(measurement(f"{name}, last loss", "", [last["total"]], better="lower"))
        rows.append(measurement(f"{name}, all", "s", [last["seconds"]], better="lower"))
        slow = curves.get(f"{case}, tutorial")
        if recipe == "tutorial" or slow is None:
            continue
        within = [at["seconds"] for at in curve if at["total"] <= slow[-1]["total"]]
        shares = [seconds / slow[-1]["seconds"] for seconds in within[:1]]
        what = f"{case}, share of the tutorial's time until its loss"
        rows += [measurement(what, "", shares, better="lower")] if shares else []
    return rows


def _new(settings: dict[str, Any]) -> Result:
    return {**heading("recipes"), "settings": settings, "curves": {}, "measurements": []}


if __name__ == "__main__":
    main()
