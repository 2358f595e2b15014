"""What lies where in a run directory."""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from os import PathLike
from pathlib import Path
from typing import Any

from vaekit.atomic import sweep, write_text
from vaekit.checkpoint import MANIFEST
from vaekit.errors import DamagedError, RunError, from_os_error
from vaekit.run_directory.checksums import Checksums
from vaekit.run_directory.lock import Lock
from vaekit.run_directory.record import RunRecord, parse_record
from vaekit.wording import option_text, resume_text

RECORD = "run.json"
HISTORY = "history.csv"
STEPS = "steps.csv"
CHECKPOINTS = "checkpoints"
DIVERGED = "diverged"
FIGURES = "figures"
SAMPLERS = "samplers"
CALIBRATIONS = "calibrations"
CALIBRATION = "calibration.json"
TRACKING = "tracking"
REPORT = "report.html"
FRAMES = f"{FIGURES}/frames.zip"
ENCODER, DECODER, WHOLE = "VAE_encoder", "VAE_decoder", "VAE"
POSTERIOR, PRIOR = "VAE_posterior", "VAE_prior"
_ARTIFACTS = (
    *(f"{name}{ending}" for name in (ENCODER, DECODER, WHOLE) for ending in (".h5", ".keras")),
    f"{POSTERIOR}.keras",
    f"{PRIOR}.keras",
)
# What changes while training goes on, but for the checkpoints.
_BY_TRAINING = (RECORD, HISTORY, STEPS, FRAMES, f"{DIVERGED}/step.json")


class RunDirectory:
    """The files of one run."""

    def __init__(self, path: str | PathLike[str]) -> None:
        self.path = Path(path)
        self.lock = Lock(self.path)
        self.checksums = Checksums(self.path)
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
    def steps(self) -> Path:
        """`steps.csv`: a row a step, where one was asked for."""
        return self.path / STEPS

    @property
    def checkpoints(self) -> Path:
        """The folder of saved states."""
        return self.path / CHECKPOINTS

    @property
    def diverged(self) -> Path:
        """The folder of the state before a step that diverged."""
        return self.path / DIVERGED

    @property
    def figures(self) -> Path:
        """The folder of pictures."""
        return self.path / FIGURES

    def sampler(self, name: str) -> Path:
        """The file of a fitted sampler."""
        return self.path / SAMPLERS / f"{name}.npz"

    @property
    def calibration(self) -> Path:
        """`calibration.json`: what outliers are told by, score by score."""
        return self.path / CALIBRATION

    @property
    def calibrations(self) -> Path:
        """The folder of the scores of calibration images, a file each score."""
        return self.path / CALIBRATIONS

    @property
    def tracking(self) -> Path:
        """The folder of what trackers keep, a folder each."""
        return self.path / TRACKING

    @property
    def frames(self) -> Path:
        """The frames of `training.gif`, a PNG each, by the epochs done."""
        return self.path / FRAMES

    @property
    def report(self) -> Path:
        """`report.html`: the run on one page."""
        return self.path / REPORT

    def refuse_existing(self) -> None:
        """Raise `RunError` if a run, or a file that a run would overwrite, is here already."""
        if self.path.exists() and not self.path.is_dir():
            raise RunError(f"{self.path} is a file; choose a folder for {option_text('out')}.")
        folders = (CHECKPOINTS, DIVERGED, FIGURES, SAMPLERS, CALIBRATIONS, TRACKING)
        files = (RECORD, HISTORY, STEPS, MANIFEST, REPORT, CALIBRATION)
        names = [*files, *folders, *_ARTIFACTS]
        taken = [name for name in names if (self.path / name).exists()]
        if RECORD in taken:
            raise RunError(
                f"{self.path} holds a run already. Choose another {option_text('out')}, or go on "
                f"with it: {resume_text(self.path)}"
            )
        if taken:
            raise RunError(
                f"{self.path} holds {taken[0]!r} already. Choose another {option_text('out')}."
            )

    def create(self, record: RunRecord) -> None:
        """Make the folder, lock it, and write `record` into it before anything else.

        Raises a `VaekitError` if that is not possible; then nothing is left behind.
        """
        missing = [p for p in (self.path, *self.path.parents) if not p.exists()]
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            for folder in missing:
                with suppress(OSError):
                    folder.rmdir()
            raise from_os_error(error, self.path) or error from error
        self.lock.acquire()
        try:
            self.refuse_existing()  # again: another process may have begun here since
        except RunError:
            self.lock.release()
            raise
        self._made = missing[-1] if missing else None
        try:
            self.write_record(record)
            self.open()
        except BaseException:
            self.remove()
            raise

    def open(self) -> None:
        """Get ready for training to write here: locked, swept, and off the list of checksums."""
        self.lock.acquire()
        self.checksums.take_off(_BY_TRAINING.__contains__)
        kept = (self.path / SAMPLERS, self.calibrations)
        for folder in (self.path, self.checkpoints, self.figures, self.diverged, *kept):
            sweep(folder)
        try:
            self.checkpoints.mkdir(exist_ok=True)
            self.figures.mkdir(exist_ok=True)
            if self.diverged.exists():
                shutil.rmtree(self.diverged)
        except OSError as error:
            raise from_os_error(error, self.path) or error from error

    def close(self) -> None:
        """Put what training wrote on the list of checksums, and let other processes write.

        Raises `NoRoomError` or `RunError` if the list can't be written.
        """
        files = [self.path / name for name in _BY_TRAINING]
        try:
            self.checksums.put(path for path in files if path.exists())
        finally:
            self.lock.release()

    @contextmanager
    def changing(self, *paths: Path) -> Iterator[None]:
        """While entered, files may be written that don't change while training goes on.

        Those of them that lie in the run directory are put on its list of checksums.

        Raises `RunError` if another process is writing into the run.
        """
        home = self.path.resolve()
        inside = [path.resolve().relative_to(home) for path in paths if _within(home, path)]
        if not inside:
            yield
            return
        with self.held():
            self.checksums.take_off({path.as_posix() for path in inside}.__contains__)
            yield
            self.checksums.put(self.path / path for path in inside)

    @contextmanager
    def held(self) -> Iterator[None]:
        """While entered, no other process writes into the run.

        Raises `RunError` if one does already.
        """
        acquired = self.lock.acquire()
        try:
            yield
        finally:
            if acquired:
                self.lock.release()

    def remove(self) -> None:
        """Take back `create`: for a run that ended before there was anything to keep."""
        if self._made is not None:
            shutil.rmtree(self._made, ignore_errors=True)
        else:
            for name in (RECORD, HISTORY, STEPS):
                (self.path / name).unlink(missing_ok=True)
            for name in (CHECKPOINTS, FIGURES, SAMPLERS, TRACKING):
                shutil.rmtree(self.path / name, ignore_errors=True)
        self.lock.release()

    def write_record(self, record: RunRecord) -> None:
        """Write `run.json`."""
        write_text(self.record, json.dumps(record.as_json(), indent=2) + "\n")

    def read_record(self) -> RunRecord:
        """Read `run.json`.

        Raises as `parse_record` does, `RunError` if there is none, `DamagedError` if it is no JSON.
        """
        if not self.record.is_file():
            raise RunError(f"{self.path} holds no run: there is no {RECORD} in it.")
        try:
            values = json.loads(self.checksums.read(self.record))
        except (OSError, ValueError, RecursionError) as error:
            raise DamagedError(f"{self.record} can't be read: {error}.") from error
        return parse_record(values, str(self.record))

    def write_history(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write `history.csv`; its columns are those of the rows, in order of appearance."""
        names = list(dict.fromkeys(name for row in rows for name in row))
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, names)
        writer.writeheader()
        writer.writerows(rows)
        write_text(self.history, text.getvalue())

    def read_history(self) -> list[dict[str, float]]:
        """The rows of `history.csv`, as numbers; empty before the first epoch's end.

        Raises `DamagedError` if it isn't what was written, or no table of numbers.
        """
        if not self.history.exists():
            return []
        try:
            text = io.StringIO(self.checksums.read(self.history).decode("utf-8"), newline="")
            return [
                {name: _number(value) for name, value in row.items() if value}
                for row in csv.DictReader(text, strict=True)
            ]
        except (OSError, ValueError, TypeError, AttributeError, csv.Error) as error:
            raise DamagedError(f"{self.history} can't be read: {error}.") from error


def _within(folder: Path, path: Path) -> bool:
    return path.resolve().is_relative_to(folder)


def _number(text: str) -> float:
    try:
        return int(text)
    except ValueError:
        return float(text)
