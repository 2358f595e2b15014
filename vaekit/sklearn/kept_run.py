"""The run behind a fitted estimator: its folder is what copies and pickles hold."""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vaekit.errors import from_os_error
from vaekit.sklearn.packed import packed, unpack
from vaekit.startup import refuse_fork, with_keras_defaults

if TYPE_CHECKING:
    import numpy as np

    from vaekit.engine import Program
    from vaekit.run import Run


class KeptRun:
    """A trained run, and its folder as long as it is needed.

    temporary: whether the folder goes with this object. A copy, or what is read from a pickle, has
        a temporary one, made when the run is first asked for and read as any run is.
    """

    def __init__(self, run: Run, *, temporary: bool) -> None:
        self._run: Run | None = run
        self._files: bytes | None = None
        self._program: Program | None = None
        if temporary:
            remove_with(self, run.path)

    @property
    def run(self) -> Run:
        """The run.

        Raises `vaekit.RunError` where its files are damaged, or a part of it isn't installed.
        """
        if self._run is None:
            from vaekit.api import load

            assert self._files is not None
            folder = temporary_folder()
            remove_with(self, folder)
            unpack(self._files, folder)
            self._run, self._files = load(folder), None
        return self._run

    @with_keras_defaults
    def scores(self, pixels: np.ndarray) -> Mapping[str, np.ndarray]:
        """Loss terms, and the ELBO where there is one, of each image `(n, H, W, C)` by itself."""
        from vaekit.engine import score_one_by_one

        refuse_fork()
        if self._program is None:
            from vaekit.plugins import discover
            from vaekit.run import blueprint_of, kept_checkpoint, restore_program

            record = self.run.record
            blueprint = blueprint_of(record, discover().registry)
            checkpoint = kept_checkpoint(self.run.directory, record)
            self._program, _ = restore_program(blueprint, checkpoint)
        return score_one_by_one(self._program, pixels)

    def __getstate__(self) -> dict[str, Any]:
        if self._files is not None:
            return {"files": self._files}
        assert self._run is not None
        return {"files": packed(self._run.path)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._run, self._program, self._files = None, None, state["files"]


def temporary_folder() -> Path:
    """A new folder for a run that isn't to be kept."""
    return Path(tempfile.mkdtemp(prefix="vaekit-"))


def new_folder(parent: str | PathLike[str]) -> Path:
    """A new folder in one that is to be kept, and is made where it isn't there.

    Raises `vaekit.RunError` where that can't be.
    """
    try:
        Path(parent).mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(prefix="run-", dir=parent))
    except OSError as error:
        raise from_os_error(error, parent) or error from error


@contextmanager
def discarding(folder: Path, whole: bool) -> Iterator[None]:
    """Remove the folder of a run that fails: if `whole`, with all in it, else if it is empty."""
    try:
        yield
    except BaseException:
        if whole:
            shutil.rmtree(folder, ignore_errors=True)
        else:
            with suppress(OSError):
                folder.rmdir()
        raise


def remove_with(owner: object, folder: Path) -> None:
    """Remove a folder when an object goes, or the process that made it ends."""
    weakref.finalize(owner, _remove, folder, os.getpid())


def _remove(folder: Path, maker: int) -> None:
    if os.getpid() == maker:  # and not a fork of it, whose copy of the object goes
        shutil.rmtree(folder, ignore_errors=True)
