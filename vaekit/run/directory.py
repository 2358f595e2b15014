"""What lies where in a run directory."""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from vaekit.atomic import write_text
from vaekit.errors import RunError, from_os_error

RECORD = "run.json"
HISTORY = "history.csv"
CHECKPOINTS = "checkpoints"
FIGURES = "figures"
ARTIFACTS = ("VAE_encoder", "VAE_decoder", "VAE")
FORMATS = (".h5", ".keras")


_PART = ("name", "distribution", "version", "options")
# What reading a run back relies on.
_REQUIRED = (
    *("config", "image_shape", "status", "training/steps_done"),
    *(f"parts/{kind}/{field}" for kind in ("encoder", "decoder", "loss") for field in _PART),
    *(f"data/{field}" for field in ("reread", "fingerprint", "type", "training_images")),
)


class RunDirectory:
    """The files of one run."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._made: Path | None = None

    @property
    def record(self) -> Path:
        """`run.json`: what was asked for, with what, on what, and how far it came."""
        return self.path / RECORD

    @property
    def history(self) -> Path:
        """`history.csv`: a row an epoch."""
        return self.path / HISTORY

    @property
    def checkpoints(self) -> Path:
        """The folder of saved states."""
        return self.path / CHECKPOINTS

    @property
    def figures(self) -> Path:
        """The folder of pictures."""
        return self.path / FIGURES

    def artifact(self, name: str, ending: str) -> Path:
        """A saved model, by one of `ARTIFACTS` and one of `FORMATS`."""
        return self.path / f"{name}{ending}"

    def refuse_existing(self) -> None:
        """Raise `RunError` if a run, or a file that a run would overwrite, is here already."""
        if self.path.exists() and not self.path.is_dir():
            raise RunError(f"{self.path} is a file; choose a folder for --out.")
        names = [RECORD, HISTORY, CHECKPOINTS, FIGURES]
        names += [f"{name}{ending}" for name in ARTIFACTS for ending in FORMATS]
        there = [name for name in names if (self.path / name).exists()]
        if RECORD in there:
            raise RunError(
                f"{self.path} holds a run already. Choose another --out, or go on with it: "
                f"vaekit resume {self.path}"
            )
        if there:
            raise RunError(f"{self.path} holds {there[0]!r} already. Choose another --out.")

    def create(self) -> None:
        """Make the folder and its sub-folders.

        Raises `RunError` if that is not possible; then nothing is left behind.
        """
        missing = [p for p in (self.path, *self.path.parents) if not p.exists()]
        self._made = missing[-1] if missing else None
        try:
            self.checkpoints.mkdir(parents=True)
            self.figures.mkdir()
        except OSError as error:
            self.remove()
            raise from_os_error(error, self.path) or error from error

    def remove(self) -> None:
        """Take back `create`: for a run that ended before there was anything to keep."""
        if self._made is not None:
            shutil.rmtree(self._made, ignore_errors=True)
            return
        for name in (RECORD, HISTORY):
            (self.path / name).unlink(missing_ok=True)
        for name in (CHECKPOINTS, FIGURES):
            shutil.rmtree(self.path / name, ignore_errors=True)

    def write_record(self, record: Mapping[str, Any]) -> None:
        """Write `run.json`."""
        write_text(self.record, json.dumps(record, indent=2) + "\n")

    def read_record(self) -> dict[str, Any]:
        """Read `run.json`. Raises `RunError` if there is none, or it is damaged."""
        if not self.record.is_file():
            raise RunError(f"{self.path} holds no run: there is no {RECORD} in it.")
        try:
            record = json.loads(self.record.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise RunError(f"{self.record} can't be read: {error}.") from error
        if not isinstance(record, dict) or record.get("format") != 1:
            raise RunError(f"{self.record} is not a run record that this vaekit can read.")
        missing = [name for name in _REQUIRED if not _has(record, name.split("/"))]
        if missing:
            raise RunError(f"{self.record} is damaged: it has no {missing[0]}.")
        return record

    def write_history(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write `history.csv`; its columns are those of the rows, in order of appearance."""
        names = list(dict.fromkeys(name for row in rows for name in row))
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, names)
        writer.writeheader()
        writer.writerows(rows)
        write_text(self.history, text.getvalue())

    def read_history(self) -> list[dict[str, float]]:
        """The rows of `history.csv`, as numbers; empty before the first epoch's end."""
        if not self.history.exists():
            return []
        with self.history.open(newline="", encoding="utf-8") as file:
            return [
                {name: _number(value) for name, value in row.items() if value}
                for row in csv.DictReader(file)
            ]


def _has(record: Any, path: list[str]) -> bool:
    for name in path:
        if not isinstance(record, dict) or name not in record:
            return False
        record = record[name]
    return True


def _number(text: str) -> float:
    try:
        return int(text)
    except ValueError:
        return float(text)
