"""How fast the tutorial's nets train: images/s after warm-up, the median of several runs.

    python benchmarks/throughput.py --batch-size 32 --batch-size 128 --out throughput.json

Images of MNIST's size are drawn at random, since speed doesn't depend on what they show. Compiling
is timed apart. Every run ends with the numbers on the host, so nothing is left under way.
"""

from __future__ import annotations

import json
import platform
import statistics
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import numpy as np

from vaekit.backend import BACKENDS, select_backend

SHAPE = (28, 28, 1)
IMAGES = 8192


@click.command()
@click.option("--batch-size", "sizes", type=click.IntRange(1, IMAGES), multiple=True)
@click.option("--backend", type=click.Choice(BACKENDS))
@click.option("--runs", type=click.IntRange(1), default=5, show_default=True)
@click.option("--seconds", default=5.0, show_default=True, help="About how long a run takes.")
@click.option("--out", type=click.Path(path_type=Path), help="JSON file to write.")
def main(
    sizes: tuple[int, ...], backend: str | None, runs: int, seconds: float, out: Path | None
) -> None:
    """Time training of conv5 with deconv4."""
    select_backend(backend)
    import keras

    from vaekit.run import describe_environment

    rows = []
    for size in sizes or (32, 128):
        rows.append(_measure(size, runs, seconds))
        click.echo(_line(rows[-1]))
    result = {
        "what": "training, conv5 + deconv4, 28x28x1, latent_dim 2",
        "precision": keras.config.dtype_policy().name,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _commit(),
        "host": platform.machine(),
        **describe_environment(),
        "rows": rows,
    }
    click.echo(f"{result['precision']} on {result['machine']['devices'][0]}, {result['backend']}")
    if out:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(json.dumps(result, indent=2) + "\n")
        click.echo(f"Written to {out}")


def _measure(size: int, runs: int, seconds: float) -> dict[str, Any]:
    """Compile and warm up, then time `runs` blocks of steps of about `seconds` each."""
    import keras

    from vaekit.config import TrainConfig
    from vaekit.engine import MAX_STEPS, Program, compile_train
    from vaekit.model import build_vae, resolve_parts
    from vaekit.plugins import discover

    parts = resolve_parts(TrainConfig(), discover().registry)
    loss, needs = parts.build_loss()
    vae = build_vae(parts, SHAPE, latent_dim=2, scale=needs.scale, seed=0)
    program = Program(vae, loss, needs, keras.optimizers.Adam(5e-4), seed=0)
    random = np.random.default_rng(0)
    train = compile_train(program, random.integers(0, 256, (IMAGES, *SHAPE), dtype="uint8"))

    def block(steps: int) -> np.ndarray:
        return random.integers(0, IMAGES, (steps, size), dtype="int32")

    started = time.perf_counter()
    train(block(1))
    compiling = time.perf_counter() - started
    steps = 1
    while True:  # warm-up doubles as finding out how many steps fill the time
        started = time.perf_counter()
        train(block(steps))
        took = time.perf_counter() - started
        if took > min(1.0, seconds / 4) or steps == MAX_STEPS:
            break
        steps = min(2 * steps, MAX_STEPS)
    calls = max(1, round(seconds / took))
    speeds = []
    for _ in range(runs):
        blocks = [block(steps) for _ in range(calls)]
        started = time.perf_counter()
        for indices in blocks:
            train(indices)
        speeds.append(calls * steps * size / (time.perf_counter() - started))
    return {
        "batch_size": size,
        "images_per_s": round(statistics.median(speeds), 1),
        "lowest": round(min(speeds), 1),
        "highest": round(max(speeds), 1),
        "runs": runs,
        "images_a_run": calls * steps * size,
        "first_call_seconds": round(compiling, 2),
    }


def _line(row: dict[str, Any]) -> str:
    return (
        f"batch {row['batch_size']:>5}  {row['images_per_s']:>10,.1f} images/s "
        f"({row['lowest']:,.1f} to {row['highest']:,.1f}, {row['runs']} runs)  "
        f"first call {row['first_call_seconds']} s"
    )


def _commit() -> str | None:
    done = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=Path(__file__).parent, capture_output=True, text=True
    )
    return done.stdout.strip() or None


if __name__ == "__main__":
    main()
