"""From memory to disk: a checkpoint appears whole, and the last one is never touched before.

`Writer` does it beside training.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from vaekit.atomic import remove_folder, write_folder
from vaekit.checkpoint.folder import (
    ARRAYS,
    BEST,
    LATEST,
    VALUES,
    list_checkpoints,
    name_of,
    order_of,
    point,
    pointed,
)
from vaekit.checkpoint.manifest import MANIFEST, describe_bytes, render_manifest
from vaekit.checkpoint.state import State

KEPT = 2


class Writer:
    """A thread that writes while the caller goes on: one thing at a time, and no error is lost."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="checkpoint")
        self._writing: Future[object] | None = None

    def submit(self, write: Callable[[], object]) -> None:
        """Have `write` called, after the last one is through. Raises what the last one raised."""
        self.wait()
        self._writing = self._thread.submit(write)

    def check(self) -> None:
        """Raise what a write that is over has raised."""
        if self._writing is not None and self._writing.done():
            self.wait()

    def wait(self) -> None:
        """Wait for the write under way. Raises what it raised, once."""
        writing, self._writing = self._writing, None
        if writing is not None:
            writing.result()

    def close(self) -> None:
        """Let the write under way end, whatever comes of it."""
        self._thread.shutdown()


def save_checkpoint(folder: Path, state: State, *, best: bool = False) -> Path:
    """Write `state` into a new checkpoint of `folder`, point at it, and drop what is outdated.

    The newest `KEPT` stay, and the best. best: whether this is the best.

    Raises `NoRoomError` or `RunError` if it can't be written; all that was there still is.
    """
    files = {ARRAYS: _arrays(state), VALUES: _values(state)}
    entries = {name: describe_bytes(content) for name, content in files.items()}
    files[MANIFEST] = render_manifest(entries).encode()
    path = _publish(folder, state.position.steps, files)
    if best:
        point(folder, BEST, path)
    point(folder, LATEST, path)
    in_use = [path, pointed(folder, BEST)]
    for old in list_checkpoints(folder)[:-KEPT]:
        if old not in in_use:
            remove_folder(old)
    return path


def drop_after(folder: Path, checkpoint: Path, *, best: bool = False) -> None:
    """Give up the checkpoints that are newer than the one that training goes on from.

    best: whether that is the best of those that stay.
    """
    for newer in list_checkpoints(folder):
        if order_of(newer) > order_of(checkpoint):
            remove_folder(newer)
    if best:
        point(folder, BEST, checkpoint)


def _publish(folder: Path, steps: int, files: dict[str, bytes]) -> Path:
    again = 0
    while (path := folder / name_of(steps, again)).exists():
        if _same(path, files):
            return path
        again += 1
    write_folder(path, files)
    return path


def _same(path: Path, files: dict[str, bytes]) -> bool:
    try:
        return all((path / name).read_bytes() == content for name, content in files.items())
    except OSError:
        return False


def _arrays(state: State) -> bytes:
    # Numbers keep the order, and keep apart what has the same path.
    arrays: dict[str, Any] = {
        f"variable {n:04d} {path}": value for n, (path, value) in enumerate(state.arrays)
    }
    arrays |= {f"callback {n:04d}": value for n, value in enumerate(state.callback_arrays)}
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def _values(state: State) -> bytes:
    values = {
        "position": state.position._asdict(),
        "order": dict(state.order),
        "best": state.best,
        "callbacks": list(state.callbacks),
    }
    return (json.dumps(values) + "\n").encode()
