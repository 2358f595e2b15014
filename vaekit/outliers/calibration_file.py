"""What a run is calibrated by: `calibration.json`, and the scores of each in `calibrations/`.

The list names the files, each by its content, and is written last: whatever happens, it is the list
that it was, or the new one, and names what is there.
"""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from pydantic import BaseModel, Field, ValidationError

from vaekit.atomic import write_text, write_whole
from vaekit.checkpoint import describe_bytes
from vaekit.errors import DamagedError, RunError, UnknownNameError, UserError, closest
from vaekit.outliers.scores import SCORES, Score
from vaekit.run_directory import RunDirectory
from vaekit.untrusted.npy import read_npy
from vaekit.untrusted.reading import reading
from vaekit.untrusted.zips import open_zip
from vaekit.wording import option_text, worded

_SCORES = "scores"


class CalibrationRecord(BaseModel):
    """What one score was calibrated with.

    score, options, seed: what is asked of an image. images: how many there are. data, split: where
    they are from. digest: of all of them, as the run prepares them. checked: whether each was held
    against the training images; why_unchecked: why not. left_out: how many were among those, and
    are left out. chose_epoch: whether they are the images by which the run chose its best epoch.
    weights: the SHA-256 of the model's. epoch: whose they are. draws: of the generator, by which
    another backend or device is noticed. file: of the scores, in the run directory.
    """

    score: str
    options: dict[str, Any] = Field(default_factory=dict)
    seed: int
    images: int
    data: str
    split: str
    digest: str
    checked: bool
    why_unchecked: str = ""
    left_out: int = 0
    chose_epoch: bool = False
    weights: str
    epoch: int
    draws: list[float] = Field(default_factory=list)
    backend: str
    versions: dict[str, str]
    created: str
    file: str = ""


class _Calibrations(BaseModel):
    """`calibration.json`."""

    format: int = 1
    scores: dict[str, CalibrationRecord]


class Calibration(NamedTuple):
    """A calibrated score.

    record: what it was calibrated with. scores: of the calibration images, `(n,)`, float32.
    fitted: what the score learnt of the training images, by name.
    """

    record: CalibrationRecord
    scores: np.ndarray
    fitted: dict[str, np.ndarray]

    @property
    def score(self) -> Score:
        """The score with its options."""
        return SCORES[self.record.score].checked(self.record.options)


def write_calibration(directory: RunDirectory, calibration: Calibration) -> Calibration:
    """Save a calibrated score in its run, in place of the one of that name; give it as saved.

    Raises `NoRoomError` or `RunError` if it can't be written; then the earlier one stays.
    """
    buffer = io.BytesIO()
    arrays: dict[str, Any] = {_SCORES: calibration.scores, **calibration.fitted}
    np.savez(buffer, **arrays)
    content, name = buffer.getvalue(), calibration.record.score
    file = f"{name}-{describe_bytes(content).sha256[:12]}.npz"
    path = directory.calibrations / file
    relative = path.relative_to(directory.path).as_posix()
    record = calibration.record.model_copy(update={"file": relative})
    with directory.held():
        others = read_calibrations(directory) if directory.calibration.exists() else {}
        old = others.get(name)
        path.parent.mkdir(exist_ok=True)
        with directory.changing(path):
            write_whole(path, lambda temporary: _write(temporary, content))
        listed = _Calibrations(scores={**others, name: record})
        with directory.changing(directory.calibration):
            text = json.dumps(listed.model_dump(mode="json"), indent=2)
            write_text(directory.calibration, text + "\n")
        if old is not None and old.file != relative:
            directory.checksums.take_off({old.file}.__contains__)
            (directory.path / old.file).unlink(missing_ok=True)
    return calibration._replace(record=record)


def read_calibrations(directory: RunDirectory) -> dict[str, CalibrationRecord]:
    """The records of a run's calibrated scores, by name.

    Raises `RunError` if there are none, `DamagedError` if the list isn't what was written.
    """
    path = directory.calibration
    if not path.exists():
        raise RunError(f"{directory.path} isn't calibrated. {_calibrate_text(directory)}")
    try:
        listed = _Calibrations.model_validate(json.loads(directory.checksums.read(path)))
    except (OSError, ValueError, RecursionError, ValidationError) as error:
        raise DamagedError(
            f"{path} can't be read: {type(error).__name__}. Delete it, and calibrate anew."
        ) from error
    for name, record in listed.scores.items():
        if record.score not in SCORES or name != record.score:
            raise RunError(f"{path} has a score {name!r}, which this vaekit doesn't know.")
    return listed.scores


def read_calibration(directory: RunDirectory, score: str | None) -> Calibration:
    """A run's calibrated score; None is the only one.

    Raises `RunError` as `read_calibrations` does, `UserError` where None leaves a choice,
    `UnknownNameError` for a score that isn't calibrated.
    """
    records = read_calibrations(directory)
    if score is None:
        if len(records) > 1:
            names = " or ".join(option_text("score", name) for name in records)
            raise UserError(f"{directory.path} is calibrated for several scores: say {names}.")
        score = next(iter(records))
    if score not in records:
        if score not in SCORES:
            raise UnknownNameError(f"There is no score {score!r}. {closest(score, SCORES)}")
        raise RunError(
            f"{directory.path} isn't calibrated for {score!r}; it is for {', '.join(records)}. "
            f"{_calibrate_text(directory, score)}"
        )
    record = records[score]
    arrays = _read_arrays(directory, directory.path / record.file)
    scores = arrays.pop(_SCORES, np.zeros(0))
    if scores.shape != (record.images,) or not np.isfinite(scores).all():
        raise DamagedError(
            f"{record.file} of {directory.path} doesn't hold the scores that were written. "
            f"{_calibrate_text(directory, score)}"
        )
    return Calibration(record, scores, arrays)


def refuse_stale(directory: RunDirectory, record: CalibrationRecord, weights: str) -> None:
    """Raise `RunError` if the run has other weights than those that were calibrated."""
    if record.weights != weights:
        raise RunError(
            f"{directory.path} was calibrated for {record.score!r} with the weights of epoch "
            f"{record.epoch}, and has others now, so that the p-values would be wrong. "
            f"{_calibrate_text(directory, record.score)}"
        )


def _read_arrays(directory: RunDirectory, path: Path) -> dict[str, np.ndarray]:
    home = directory.calibrations.resolve()
    if not path.resolve().is_relative_to(home):  # the list is a file like others
        raise RunError(f"{directory.calibration} names a file outside of {home}.")
    arrays = {}
    with reading(path, "calibration scores", RunError):
        directory.checksums.read(path)  # which checks it
        with open_zip(path, RunError) as archive:
            for member, info in archive.members.items():
                with archive.open(member) as stream:
                    name = member.removesuffix(".npy")
                    arrays[name] = read_npy(stream, info.file_size, f"{path}: {name}")
    return arrays


def _calibrate_text(directory: RunDirectory, score: str = "elbo") -> str:
    run = str(directory.path)
    call = worded(
        f"vaekit calibrate {run} --data NORMAL --score {score}", f"run.calibrate(normal, {score!r})"
    )
    return f"{call} calibrates it."


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)
