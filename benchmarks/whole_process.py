"""`vaekit train` against the repaired tutorial's `fit`, as whole processes, in turn.

Start-up, reading, compiling, validation after each epoch, saving and pictures all count::

    python benchmarks/whole_process.py FOLDER --epochs 3 --pairs 1 --out result.json

FOLDER holds MNIST as IDX files. Do nothing else on the machine meanwhile.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from vaekit.benchmark.results import heading, measurement, write_result

HERE = Path(__file__).parent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--pairs", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--limit", type=int)
    parser.add_argument("--no-validation", action="store_true", help="for the tutorial only")
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    pairs = [_pair(args, number) for number in range(args.pairs)]
    environment = [pair.pop("environment") for pair in pairs][-1]
    ours, theirs = ([pair[who]["seconds"] for pair in pairs] for who in ("vaekit", "tutorial"))
    ratios = [slow / fast for slow, fast in zip(theirs, ours, strict=True)]
    beside = [pair["vaekit"]["beside_steps"] for pair in pairs]
    result = {
        **heading("whole_process"),
        **environment,
        "settings": {
            "epochs": args.epochs,
            "limit": args.limit,
            "tutorial_validates": not args.no_validation,
        },
        "measurements": [
            measurement("the tutorial's process", "s", theirs, better="lower"),
            measurement("vaekit train's process", "s", ours, better="lower"),
            measurement("tutorial's seconds over vaekit's", "x", ratios),
            measurement("vaekit train beside its steps", "s", beside, better="lower"),
        ],
        "pairs": pairs,
    }
    for row in result["measurements"]:
        print(f"{row['what']}: {row['median']:.2f} {row['unit']}")
    if args.out:
        write_result(result, args.out)


def _pair(args: argparse.Namespace, number: int) -> dict[str, Any]:
    shared = ["--epochs", str(args.epochs), "--seed", str(args.seed + number)]
    shared += ["--limit", str(args.limit)] if args.limit else []
    left_out = ["--no-validation"] if args.no_validation else []
    script = [sys.executable, str(HERE / "repaired_tutorial.py"), str(args.folder)]
    output, tutorial = _timed([*script, *shared, *left_out])
    history = json.loads(output.splitlines()[-1])["history"]
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        job = ["train", "--encoder", "conv5", "--decoder", "deconv4", "--data", str(args.folder)]
        _, kit = _timed([sys.executable, "-m", "vaekit", *job, "--out", str(run), *shared])
        record = json.loads((run / "run.json").read_text())
    steps = record["training"]["seconds"]
    return {
        "tutorial": {"seconds": tutorial, "test_total": history.get("val_loss", [None])[-1]},
        "vaekit": {
            "seconds": kit,
            "beside_steps": kit - steps,
            "test_total": record["training"]["last_epoch"]["val_loss"],
        },
        "environment": {name: record[name] for name in ("backend", "versions", "machine")},
    }


def _timed(command: list[str]) -> tuple[str, float]:
    started = time.perf_counter()
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return done.stdout.decode(), time.perf_counter() - started


if __name__ == "__main__":
    main()
