"""`vaekit train` against the repaired tutorial's `fit`, as whole processes, in turn.

Start-up, reading, compiling, validation after each epoch, saving and pictures all count::

    python benchmarks/whole_process.py FOLDER --epochs 3 --pairs 1 --out result.json

FOLDER holds MNIST as IDX files. Do nothing else on the machine meanwhile.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

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
    ratios = [pair["tutorial_seconds"] / pair["vaekit_seconds"] for pair in pairs]
    result = {
        "epochs": args.epochs,
        "limit": args.limit,
        "tutorial_validates": not args.no_validation,
        "pairs": pairs,
        "median_ratio": statistics.median(ratios),
        "ratio_range": [min(ratios), max(ratios)],
    }
    text = json.dumps(result, indent=2)
    print(text)
    if args.out:
        args.out.write_text(text + "\n")


def _pair(args: argparse.Namespace, number: int) -> dict[str, float]:
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
        last = json.loads((run / "run.json").read_text())["training"]["last_epoch"]
    return {
        "tutorial_seconds": tutorial,
        "vaekit_seconds": kit,
        "tutorial_test_total": history["val_loss"][-1] if "val_loss" in history else None,
        "vaekit_test_total": last["val_loss"],
    }


def _timed(command: list[str]) -> tuple[str, float]:
    started = time.perf_counter()
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return done.stdout.decode(), time.perf_counter() - started


if __name__ == "__main__":
    main()
