"""A sweep of twelve trials, killed in the middle and gone on with, against twelve runs by hand.

Both train the same settings to the same epochs, without pictures; the sweep with pruning, and with
the cost of its kill: a process more, and the steps since the last checkpoint again. By hand each
run is a process of its own::

    python benchmarks/sweeps.py --data mnist-sample --epochs 4 --out result.json

`--jobs` is the sweep's. Do nothing else on the machine meanwhile.
"""

from __future__ import annotations

import argparse
import itertools
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import tomli_w

from vaekit.benchmark.results import data_name, heading, measurement, write_result
from vaekit.run_directory import find_runs

AXES: dict[str, list[Any]] = {
    "latent_dim": [2, 8],
    "learning_rate": [3e-3, 1e-3, 3e-4],
    "seed": [0, 1],
}
VAEKIT = [sys.executable, "-m", "vaekit"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", default="mnist-sample")
    parser.add_argument("--limit", type=int, default=1000)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--no-pruning", action="store_true")
    parser.add_argument("--no-kill", action="store_true")
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    run = {"data": args.data, "limit": args.limit, "epochs": args.epochs, "batch_size": 32}
    with tempfile.TemporaryDirectory() as folder:
        sweep = _sweep(args, run, Path(folder))
        hand = _by_hand(run, Path(folder) / "hand")
    result = {
        **heading("sweeps"),
        **sweep.pop("environment"),
        "settings": {
            **run,
            "data": data_name(args.data),
            "axes": AXES,
            "jobs": args.jobs,
            "pruning": not args.no_pruning,
        },
        "measurements": [
            measurement(
                "the sweep, killed once" if not args.no_kill else "the sweep",
                "s",
                [sweep["seconds"]],
                better="lower",
            ),
            measurement("twelve runs by hand", "s", [sum(hand)], better="lower"),
            measurement("a run by hand", "s", hand, better="lower"),
            measurement("by hand over the sweep", "x", [sum(hand) / sweep["seconds"]]),
        ],
        "sweep": sweep,
    }
    for row in result["measurements"]:
        print(f"{row['what']}: {row['median']:.2f} {row['unit']}")
    print(json.dumps(sweep, indent=2))
    if args.out:
        write_result(result, args.out)


def _sweep(args: argparse.Namespace, run: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Seconds of the sweep, and what came of it; it is killed once half of the runs are there."""
    file = folder / "sweep.toml"
    file.write_text(tomli_w.dumps({"run": run, "axes": AXES, "pruning": not args.no_pruning}))
    words = [*VAEKIT, "sweep", str(file), "--out", str(folder / "sweep"), "--jobs", str(args.jobs)]
    began = time.perf_counter()
    killed_at = None
    if not args.no_kill:
        with subprocess.Popen(words, stdout=subprocess.DEVNULL) as process:
            while process.poll() is None and len(_runs(folder / "sweep")) < 6:
                time.sleep(0.05)
            time.sleep(0.5)
            process.kill()
        killed_at = time.perf_counter() - began
    done = subprocess.run(words, check=True, capture_output=True, text=True)
    seconds = time.perf_counter() - began
    last = next(line for line in done.stdout.splitlines() if line.startswith("12 trials"))
    if not last.endswith(" 0 left."):
        raise SystemExit(done.stdout)
    runs = _runs(folder / "sweep")
    record = json.loads((runs[0] / "run.json").read_text())
    return {
        "seconds": seconds,
        "killed_at": killed_at,
        "runs": len(runs),
        "became": last.partition(": ")[2],
        "environment": {name: record[name] for name in ("backend", "versions", "machine")},
    }


def _runs(folder: Path) -> list[Path]:
    return find_runs(folder) if folder.is_dir() else []


def _by_hand(run: dict[str, Any], folder: Path) -> list[float]:
    """Seconds of each run as a process of its own."""
    seconds = []
    for number, values in enumerate(itertools.product(*AXES.values())):
        settings = {**run, **dict(zip(AXES, values, strict=True)), "out": folder / str(number)}
        words = [w for k, v in settings.items() for w in (f"--{k.replace('_', '-')}", str(v))]
        began = time.perf_counter()
        subprocess.run(
            [*VAEKIT, "train", *words, "--no-figures"], check=True, stdout=subprocess.DEVNULL
        )
        seconds.append(time.perf_counter() - began)
    return seconds


if __name__ == "__main__":
    main()
