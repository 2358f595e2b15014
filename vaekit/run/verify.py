"""Whether a run directory is whole."""

from __future__ import annotations

from os import PathLike

from vaekit.checkpoint import Damage, damages
from vaekit.errors import RunError
from vaekit.run_directory.directory import RunDirectory


def verify_run(path: str | PathLike[str]) -> list[Damage]:
    """What is damaged of a run: each file with the reason, none for a whole run.

    All files of a run that ended are looked at; of one under way or killed, the record and the
    checkpoints. Files that aren't the run's own are let be.

    Raises `RunError` if there is no run.
    """
    directory = RunDirectory(path)
    if not directory.record.exists():
        raise RunError(f"{path} holds no run: there is no {directory.record.name} in it.")
    damaged = list(directory.checksums.damages())
    if not damaged:
        try:
            directory.read_record()
        except RunError as error:
            damaged.append(Damage(directory.record, str(error)))
    for folder in (directory.checkpoints, directory.diverged):
        damaged.extend(damages(folder))
    return damaged
