"""The kit's kernels against Keras's own arithmetic, in one process and in turn: A B B A.

    python benchmarks/kernels.py --out kernels.json [--backend torch] [--each]

For each recipe, shape of images and batch size, the same nets train on the same noise with and
without the kernels of `vaekit.kernels`, and are evaluated so. For each pair of turns the ratio of
the two speeds is taken, by the clock and by the processor's time, which other work on the machine
disturbs less; the median of the ratios and their range are what counts. `--each` takes every kernel
alone, too.
"""

from __future__ import annotations

import itertools
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from unittest.mock import patch

import click
import numpy as np

from vaekit.benchmark.results import heading, measurement, refuse_unwritable, write_result
from vaekit.cli.values import BATCH_SIZES, SECONDS
from vaekit.config import TrainConfig
from vaekit.errors import VaekitError
from vaekit.startup import BACKENDS, select_backend

SHAPES = {"28x28x1": (28, 28, 1), "64x64x3": (64, 64, 3)}
RECIPES = ("tutorial", "fast")
EVALUATED = 256  # images; evaluation chooses its batches by itself

Work = Callable[[int], Any]


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--backend", type=click.Choice(BACKENDS), default="tensorflow", show_default=True)
@click.option("--recipe", "recipes", type=click.Choice(RECIPES), multiple=True, default=RECIPES)
@click.option("--shape", "shapes", type=click.Choice(tuple(SHAPES)), multiple=True, default=SHAPES)
@click.option("--batch-sizes", type=BATCH_SIZES, default="32,128", show_default=True)
@click.option("--each", is_flag=True, help="Every kernel alone, too.")
@click.option("--pairs", type=click.IntRange(1), default=8, show_default=True)
@click.option("--seconds", type=SECONDS, default=2.0, show_default=True, help="About, a turn.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="JSON to write.")
def main(out: Path, backend: str, **how: Any) -> None:
    """Measure the kernels against none."""
    try:
        refuse_unwritable(out)
        select_backend(backend)
        measure_all(backend, keep=lambda result: write_result(result, out), **how)
    except VaekitError as error:
        click.echo(f"kernels: {error}", err=True)
        raise SystemExit(error.exit_code) from None
    click.echo(f"Written to {out}.")


def measure_all(
    backend: str,
    *,
    keep: Callable[[dict[str, Any]], None],
    recipes: Sequence[str],
    shapes: Sequence[str],
    batch_sizes: Sequence[int],
    each: bool,
    pairs: int,
    seconds: float,
) -> None:
    """Measure each case with kernels and without; `keep` is given the result so far, row by row."""
    from vaekit.kernels import KERNELS
    from vaekit.run import describe_environment

    whole = KERNELS[backend]
    sets = {"fused": whole, **({kernel.name: (kernel,) for kernel in whole} if each else {})}
    rows: list[dict[str, Any]] = []
    result = {
        **heading("kernels"),
        **describe_environment(),
        "settings": {"pairs": pairs, "seconds": seconds},
        "measurements": rows,
    }
    for shape, recipe in itertools.product(shapes, recipes):
        stock = _works(recipe, shape, batch_sizes, backend, ())
        for name, kernels in sets.items():
            fused = _works(recipe, shape, batch_sizes, backend, kernels)
            for (what, size), work in fused.items():
                described = {"kernels": name, "recipe": recipe, "shape": shape, "batch_size": size}
                both = work, stock[what, size]
                rows.append(_in_turn(what, both, size, pairs, seconds, described))
                keep(result)
                click.echo(_line(rows[-1]))


def _works(
    recipe: str, shape: str, batch_sizes: Sequence[int], backend: str, kernels: tuple[Any, ...]
) -> dict[tuple[str, int], Work]:
    """What does so many training steps of each batch size, and so many evaluations."""
    from vaekit.benchmark.subject import Subject
    from vaekit.engine import Evaluation
    from vaekit.kernels import KERNELS
    from vaekit.types import Dataset, Images

    count = max(EVALUATED, 4 * max(batch_sizes))
    pixels = np.random.default_rng(0).integers(0, 256, (count, *SHAPES[shape]), dtype="uint8")
    data = Dataset("noise", Images(pixels), Images(pixels[:EVALUATED]))
    with patch.dict(KERNELS, {backend: kernels}):
        subject = Subject(TrainConfig(recipe=recipe), batch_sizes, data)
        evaluation = Evaluation(subject.program, pixels[:EVALUATED])
    works: dict[tuple[str, int], Work] = {
        ("training", size): subject.training(size) for size in batch_sizes
    }
    if recipe == RECIPES[0]:  # which evaluation doesn't go by
        works["evaluation", EVALUATED] = lambda count: [evaluation() for _ in range(count)]
    return works


def _in_turn(
    what: str,
    both: tuple[Work, Work],
    size: int,
    pairs: int,
    seconds: float,
    described: dict[str, Any],
) -> dict[str, Any]:
    counts = [_filling(work, seconds) for work in both]
    # Of both, images a second by the clock and by the processor.
    rates: list[list[tuple[float, float]]] = [[], []]
    for pair in range(pairs):
        for which in (0, 1) if pair % 2 == 0 else (1, 0):
            clock, processor = _took(both[which], counts[which])
            images = size * counts[which]
            rates[which].append((images / clock, images / processor))
    clock, processor = (
        [fused[at] / stock[at] for fused, stock in zip(*rates, strict=True)] for at in (0, 1)
    )
    others = [rate for rate, _ in rates[1]]
    return measurement(
        what,
        "images/s",
        [rate for rate, _ in rates[0]],
        **described,
        stock={"median": statistics.median(others), "values": others},
        ratio=_spread(clock),
        processor_ratio=_spread(processor),
    )


def _filling(work: Work, seconds: float) -> int:
    """How many units of work take about `seconds`; the first one, which warms up, doesn't count."""
    work(1)
    clock, _ = _took(work, 1)
    return max(1, round(seconds / clock))


def _took(work: Work, count: int) -> tuple[float, float]:
    """Seconds of the clock and of the processor."""
    clock, processor = time.perf_counter(), time.process_time()
    work(count)
    return time.perf_counter() - clock, time.process_time() - processor


def _spread(values: list[float]) -> dict[str, Any]:
    median = statistics.median(values)
    return {"median": median, "lowest": min(values), "highest": max(values), "values": values}


def _line(row: dict[str, Any]) -> str:
    clock, processor = row["ratio"], row["processor_ratio"]
    return (
        f"{row['kernels']:<28} {row['recipe']:<8} {row['shape']} {row['what']:<10} batch "
        f"{row['batch_size']:>3} {row['median']:>8,.1f} images/s: {clock['median']:.2f} x stock "
        f"({clock['lowest']:.2f} to {clock['highest']:.2f}), by the processor "
        f"{processor['median']:.2f} ({processor['lowest']:.2f} to {processor['highest']:.2f})"
    )


if __name__ == "__main__":
    main()
