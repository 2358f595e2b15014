"""The runs of a folder, by what is written of them: nothing of them is loaded."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any, Literal

from vaekit.errors import DamagedError, RunError, UserError
from vaekit.run_directory.directory import RECORD, RunDirectory
from vaekit.run_directory.record import RunRecord

State = Literal["running", "complete", "interrupted", "failed", "damaged", "unreadable"]

_DEEPEST = 3  # folders below the one that is asked for
_SHOWN = ("elbo", "loss", "kl", "mse", "psnr")


@dataclass(frozen=True)
class ListedRun:
    """What a run's files say of it.

    state: `running` where a process holds it; `interrupted` too where that process is gone;
        `unreadable` for a record of another version.
    why: of a state that isn't its end, as a sentence.
    epochs: how many are done, of how many that were asked for.
    best: of its best epoch, values of held-out images; empty before the first epoch's end.
    """

    path: Path
    state: State
    why: str = ""
    created: str = ""
    data: str = ""
    parts: Mapping[str, str] = field(default_factory=dict)
    seed: int | None = None
    epochs: tuple[int, int] = (0, 0)
    best_epoch: int | None = None
    best: Mapping[str, float] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """All of it as plain values."""
        return {**asdict(self), "path": str(self.path), "epochs": list(self.epochs)}


def list_runs(folder: str | PathLike[str] = "runs") -> list[ListedRun]:
    """The runs of a folder, or of folders in it: state, parts, epochs and best values of each.

    A run that can't be read is in the list, with the reason. Quick: it reads `run.json` and
    `history.csv` alone.

    Raises `RunError` if there is no such folder.
    """
    return [_listed(path) for path in find_runs(folder)]


def find_runs(folder: str | PathLike[str]) -> list[Path]:
    """The run directories of a folder, by name; the folder itself if it is one.

    Raises `RunError` if there is no such folder.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise RunError(f"There is no folder {folder}: name the one that the runs are in.")
    return list(_below(folder))


def _below(folder: Path) -> Iterator[Path]:
    for parent, names, files in os.walk(folder):
        depth = len(Path(parent).relative_to(folder).parts)
        if RECORD in files:
            yield Path(parent)
        if RECORD in files or depth == _DEEPEST:
            names.clear()
        names[:] = sorted(name for name in names if not name.startswith("."))


def _listed(path: Path) -> ListedRun:
    directory = RunDirectory(path)
    try:
        record = directory.read_record()
        state, why = state_of(directory, record)
        return _described(directory, record, state, why)
    except DamagedError as error:
        return ListedRun(path, "damaged", str(error))
    except UserError as error:
        return ListedRun(path, "unreadable", str(error))


def state_of(directory: RunDirectory, record: RunRecord) -> tuple[State, str]:
    """The state of a run, and why it is in it where that isn't its end."""
    if record.status == "failed":
        return "failed", record.error or ""
    if record.status == "interrupted":
        return "interrupted", f"by {record.stopped_by}" if record.stopped_by else ""
    if record.status == "running":
        try:
            with directory.held():  # which whoever trains it holds
                return "interrupted", "its process ended without a word"
        except RunError:
            return "running", ""
    return "complete", ""


def _described(directory: RunDirectory, record: RunRecord, state: State, why: str) -> ListedRun:
    rows = directory.read_history()
    epoch = (record.training.best or {}).get("epoch") or record.kept_epoch
    return ListedRun(
        path=directory.path,
        state=state,
        why=why,
        created=record.created,
        data=record.data.used or "arrays",
        parts={kind: part.name for kind, part in record.parts.items()},
        seed=record.config.seed,
        epochs=(record.training.epochs_done, record.config.most_epochs),
        best_epoch=epoch or None,
        best=_held_out(rows, epoch),
    )


def _held_out(rows: Sequence[Mapping[str, float]], epoch: int) -> dict[str, float]:
    row = next((row for row in rows if row.get("epoch") == epoch), {})
    return {name: row[f"val_{name}"] for name in _SHOWN if f"val_{name}" in row}
