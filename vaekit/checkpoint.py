"""The whole state of a training run in one file, so that it goes on as if it had never stopped."""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np

from vaekit.atomic import write_whole
from vaekit.errors import RunError

KEPT = 2
_POSITION = "position"


class Position(NamedTuple):
    """How far training has come, and the sums of the epoch that was under way.

    epoch: epochs done. steps: steps done in all.
    step, images, sums: what of the next epoch is done, and the sums of its steps' rows.
    """

    epoch: int = 0
    step: int = 0
    steps: int = 0
    images: int = 0
    sums: Sequence[float] = ()


def save_checkpoint(folder: Path, variables: Sequence[keras.Variable], position: Position) -> Path:
    """Write `variables` and `position` into a new file of `folder`, and drop all but the newest.

    Raises `RunError` if there is no room.
    """
    arrays = {
        f"{number:04d} {variable.path}": variable.numpy()
        for number, variable in enumerate(variables)
    }
    text = json.dumps(position._asdict()).encode()
    arrays[_POSITION] = np.frombuffer(text, "uint8")
    path = folder / f"step-{position.steps:09d}.npz"
    write_whole(path, lambda temporary: np.savez(temporary, **arrays))
    for old in list_checkpoints(folder)[:-KEPT]:
        old.unlink()
    return path


def list_checkpoints(folder: Path) -> list[Path]:
    """The checkpoints of a folder, oldest first."""
    return sorted(folder.glob("step-*.npz"))


def latest_checkpoint(folder: Path) -> Path:
    """The newest one. Raises `RunError` if there is none."""
    found = list_checkpoints(folder)
    if not found:
        raise RunError(
            f"{folder} holds no checkpoint: the run stopped before its first epoch's end."
        )
    return found[-1]


def load_checkpoint(path: Path, variables: Sequence[keras.Variable]) -> Position:
    """Give `variables` their saved values; fewer than were saved are the first ones.

    Raises `RunError` if the file is damaged, or was saved from other variables.
    """
    try:
        with np.load(path, allow_pickle=False) as saved:
            names = sorted(name for name in saved.files if name != _POSITION)
            position = Position(**json.loads(saved[_POSITION].tobytes()))
            values = [saved[name] for name in names[: len(variables)]]
    except (
        *(OSError, EOFError, ValueError, KeyError, TypeError),
        *(RuntimeError, zipfile.BadZipFile, zlib.error),  # a damaged zip header gives all three
    ) as error:
        raise RunError(f"The checkpoint {path} is damaged: {error}.") from error
    shapes = [tuple(value.shape) for value in values]
    if shapes != [tuple(variable.shape) for variable in variables]:
        raise RunError(
            f"The checkpoint {path} was saved from other parts than the run names: their weights "
            "have other shapes. Install the versions that run.json states."
        )
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
    return position


def describe(position: Position) -> dict[str, Any]:
    """What `run.json` says of a position."""
    return {"epochs_done": position.epoch, "steps_done": position.steps}
