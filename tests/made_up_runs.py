"""Run directories that are made of a trained one by changing what is written in it."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

Record = dict[str, Any]


def change_record(run: Path, change: Callable[[Record], object]) -> Path:
    """Change what `run.json` holds, and let nothing say that it was something else."""
    path = run / "run.json"
    record = json.loads(path.read_text())
    change(record)
    path.write_text(json.dumps(record))
    (run / "manifest.json").unlink(missing_ok=True)
    return run


def change_history(run: Path, **columns: float | None) -> Path:
    """Set columns of each epoch to a value; None takes them away."""
    path = run / "history.csv"
    with path.open(newline="") as file:
        rows = [{**row, **columns} for row in csv.DictReader(file)]
    names = [name for name in rows[0] if columns.get(name, "") is not None]
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, names, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    (run / "manifest.json").unlink(missing_ok=True)
    return run


def copied(
    run: Path,
    target: Path,
    change: Callable[[Record], object] = lambda record: None,
    **columns: float | None,
) -> Path:
    """Another run as this one, with changes; its models and pictures are left behind."""
    names = shutil.ignore_patterns("*.keras", "*.h5", "figures", "samplers")
    shutil.copytree(run, target, ignore=names)
    change_record(target, change)
    return change_history(target, **columns)


def with_seed(seed: int) -> Callable[[Record], object]:
    """A change of the seed, which no weight follows."""

    def change(record: Record) -> None:
        record["config"]["seed"] = record["seed"] = seed

    return change
