"""The runs that are to be compared, read; those of a folder that can't be are left out."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from os import PathLike
from pathlib import Path

from vaekit.comparison.compared_run import ComparedRun, law_or_why
from vaekit.errors import RunError, UserError
from vaekit.plugins import discover
from vaekit.run_directory import RunDirectory, RunRecord, find_runs, state_of


def read_runs(
    paths: Sequence[str | PathLike[str]],
) -> tuple[list[ComparedRun], list[str]]:
    """The runs of these paths, run directories or folders of some; and what was left out, and why.

    Raises `RunError` for a path that holds no run, and for a named run that can't be compared: one
    that is being written, failed, is damaged, or ended no epoch. In a folder it is left out.
    """
    named = {path: path for path in map(Path, paths) if (path / "run.json").exists()}
    places: dict[Path, Path] = {}
    for path in map(Path, paths):
        within = [path] if path in named else find_runs(path)
        if not within:
            raise RunError(f"{path} holds no run, and no folder in it does.")
        places |= {Path(os.path.realpath(each)): each for each in within}
    names = _names(list(places.values()))
    runs, left_out = [], []
    for path in places.values():
        try:
            runs.append(_read(path, names[path]))
        except UserError as error:
            if path in named:
                raise
            left_out.append(f"{names[path]} is left out. {error}")
    return runs, left_out


def _names(paths: Sequence[Path]) -> dict[Path, str]:
    """What each run is called: its folder's name, or its path where another's is the same."""
    count = Counter(path.name for path in paths)
    return {p: p.name if p.name and count[p.name] == 1 else str(p) for p in paths}


def _read(path: Path, name: str) -> ComparedRun:
    directory = RunDirectory(path)
    record = directory.read_record()
    _refuse_unended(directory, record)
    law, unknown = law_or_why(record, discover().registry)
    run = ComparedRun(name, path, record, directory.read_history(), law, unknown)
    if not run.kept:
        raise RunError(f"{path} has ended no epoch, so there is nothing to compare.")
    return run


def _refuse_unended(directory: RunDirectory, record: RunRecord) -> None:
    state, why = state_of(directory, record)
    if state == "running":
        raise RunError(f"{directory.path} is still being written: wait for its training to end.")
    if state == "failed":
        raise RunError(f"{directory.path} failed, so its numbers aren't those of its end. {why}")
