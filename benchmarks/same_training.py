"""Whether two versions of vaekit train alike to the bit: each step's loss, weights, names, files.

Which bits there are hangs on the processor and on the versions of Keras and its backend, so that
both are run here and nothing recorded is compared with::

    python benchmarks/same_training.py OLD NEW -- --data digits --limit 1600 --epochs 1

OLD and NEW are folders that hold the package, as `pip install --no-deps --target` leaves it; with a
colon between, also those of plugins. What follows `--` are options of `vaekit train` that both
versions know. The backend is KERAS_BACKEND's.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import keras


class Trained(NamedTuple):
    """What a run left: losses in hex, names of files, and weights of the saved model by name."""

    losses: list[str]
    files: list[str]
    weights: dict[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("old")
    parser.add_argument("new")
    parser.add_argument("options", nargs="*", help="of vaekit train")
    args = parser.parse_args()
    old, new = (trained(packages, args.options) for packages in (args.old, args.new))
    equal = sum(a == b for a, b in zip(old.losses, new.losses, strict=True))
    print(f"{keras.backend.backend()}: {equal} of {len(old.losses)} losses are equal to the bit.")
    same_names = list(old.weights) == list(new.weights)
    count = sum(value.size for value in new.weights.values())
    print(f"Names of {len(new.weights)} weights, {count:,} values: {_same(same_names)}.")
    same_weights = [k for k in new.weights if k in old.weights and _equal(old, new, k)]
    print(f"Trained weights equal to the bit: {len(same_weights)} of {len(new.weights)}.")
    for title, one, other in (("Only OLD", old, new), ("Only NEW", new, old)):
        extra = sorted(set(one.files) - set(other.files))
        print(f"{title} has: {', '.join(extra) or 'nothing'}.")
    if not (same_names and equal == len(old.losses) and len(same_weights) == len(new.weights)):
        sys.exit(1)


def trained(packages: str, options: list[str]) -> Trained:
    """A run of the version of vaekit in these folders."""
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        subprocess.run(
            [sys.executable, "-m", "vaekit", "train", *options, "--step-log", "--out", str(run)],
            check=True,
            cwd=folder,
            env={**os.environ, "PYTHONPATH": ":".join(map(os.path.abspath, packages.split(":")))},
            stdout=subprocess.DEVNULL,
        )
        rows = (run / "steps.csv").read_text().splitlines()[1:]
        (saved,) = run.rglob("VAE.keras")
        model = keras.saving.load_model(saved, compile=False)
        return Trained(
            [row.split(",")[2] for row in rows],
            [str(path.relative_to(run)) for path in run.rglob("*") if path.is_file()],
            {v.path: keras.ops.convert_to_numpy(v) for v in model.trainable_variables},
        )


def _equal(old: Trained, new: Trained, name: str) -> bool:
    return bool(old.weights[name].tobytes() == new.weights[name].tobytes())


def _same(whether: bool) -> str:
    return "the same" if whether else "others"


if __name__ == "__main__":
    main()
