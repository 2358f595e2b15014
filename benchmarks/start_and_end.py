"""What `vaekit train` takes beside its steps, by two checkouts in turn, as whole processes.

The README's command with few epochs, since the steps don't count::

    python benchmarks/start_and_end.py --before ../older --pairs 3 --out result.json

Without `--before`, this checkout alone. `vaekit bench --measure startup` tells the parts. Do
nothing else on the machine meanwhile: a pair takes less than a minute.
"""

from __future__ import annotations

import argparse
import csv
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from vaekit.benchmark.results import heading, measurement, write_result

HERE = Path(__file__).resolve().parents[1]
README = "--encoder conv5 --decoder deconv4 --data mnist-sample --recipe fast"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--before", type=Path, help="a checkout of what it was")
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--limit", type=int, default=2000, help="images")
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    trees = {"before": args.before, "after": HERE} if args.before else {"after": HERE}
    job = [*README.split(), "--epochs", str(args.epochs), "--limit", str(args.limit)]
    taken: dict[str, list[dict[str, float]]] = {name: [] for name in trees}
    for _ in range(args.pairs):
        for name, tree in trees.items():
            taken[name].append(_trained(tree.resolve(), job))
            print(name, {what: round(value, 2) for what, value in taken[name][-1].items()})
    rows = [
        measurement(f"{what}, {name}", "s", [one[what] for one in processes], better="lower")
        for what in ("vaekit train beside its steps", "the whole process", "its processor time")
        for name, processes in taken.items()
    ]
    for row in rows:
        print(f"{row['what']}: {row['median']:.2f} s ({row['lowest']:.2f} to {row['highest']:.2f})")
    if args.out:
        write_result({**heading("start_and_end"), **_here(), "measurements": rows}, args.out)


def _here() -> dict[str, Any]:
    from vaekit.startup import select_backend

    select_backend(None)
    from vaekit.run import describe_environment

    return describe_environment()


def _trained(tree: Path, job: list[str]) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "run"
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        began = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "vaekit", "train", *job, "--out", str(out)],
            check=True,
            cwd=folder,  # where no folder is called vaekit
            env={**os.environ, "PYTHONPATH": str(tree)},
            stdout=subprocess.DEVNULL,
        )
        took = time.perf_counter() - began
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        with open(out / "history.csv") as file:
            steps = sum(float(row["seconds"]) for row in csv.DictReader(file))
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {
        "vaekit train beside its steps": took - steps,
        "the whole process": took,
        "its processor time": processor,
    }


if __name__ == "__main__":
    main()
