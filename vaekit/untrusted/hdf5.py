"""HDF5 files of strangers, parsed by a child process.

The HDF5 library follows links to other files and crashes on malformed ones. So this process never
opens such a file: a child lists it and reads it under limits (`hdf5_child`), and the values come
through a pipe into arrays whose size is checked first. That holds for files of any size, since a
pipe is faster than a disk. What the child says is checked as if it were the file.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

import numpy as np

from vaekit.errors import DataError, UserError
from vaekit.untrusted.reading import plain, require_file
from vaekit.untrusted.size_limits import check_honest, check_memory, nbytes
from vaekit.untrusted.worker import DiedError, Worker, borrow, give_back

_LONG = 10**8  # bytes beyond which a file is given no more time to be listed
_PIECE = 2**16  # bytes that may be read in the time that it takes to find a chunk
_DTYPE = re.compile(r"[<>|]([iu][1248]|f[248]|b1)")


class Stored(NamedTuple):
    """A dataset as its header declares it.

    stored: bytes in the file. packed: whether they are compressed.
    rows: how many lie in a chunk. chunk: its bytes, unpacked; 0 if there are none.
    offset: where in the file the values lie one after the other, as they are; None elsewhere.
    refusal: why it may not be read, the end of a sentence; None if it may.
    """

    shape: tuple[int, ...] = ()
    dtype: np.dtype[Any] = np.dtype("u1")
    stored: int = 0
    packed: bool = False
    rows: int = 1
    chunk: int = 0
    offset: int | None = None
    refusal: str | None = None

    @property
    def nbytes(self) -> int:
        """Bytes of all values, unpacked."""
        return nbytes(self.shape, self.dtype.itemsize)


class HDF5File:
    """An open HDF5 file; a context manager.

    datasets: those that lie in the file itself, by path without a leading slash.
    groups: the paths of all groups; "" is the root.
    links: the paths of the links that are not followed, and what they are.

    shown: the path that errors name, if the file was unpacked from another.

    Raises `error` for a file that can't be read.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        error: type[UserError] = DataError,
        *,
        shown: Path | None = None,
    ) -> None:
        self.path = shown or Path(path)
        self._error = error
        require_file(Path(path), error)
        with open(path, "rb"):  # HDF5's own words for a file that may not be read are obscure
            pass
        self._borrowed: Worker | None = borrow()
        size = min(os.path.getsize(path), _LONG)
        answer = self._checked(op="open", path=os.path.abspath(path), bytes=size)
        self.groups = frozenset(answer["groups"])
        self.links: Mapping[str, str] = answer["links"]
        self.datasets: Mapping[str, Stored] = {
            name: self._stored(facts) for name, facts in answer["datasets"].items()
        }

    def read(self, name: str, start: int = 0, stop: int | None = None) -> np.ndarray:
        """A dataset's values, or only its rows from `start` to `stop`.

        Raises `error` if it is refused, declares more than it holds, or is too large.
        """
        stored = self.readable(name)
        shape = stored.shape
        if shape:
            start, stop, _ = slice(start, stop).indices(shape[0])
            shape = (max(0, stop - start), *shape[1:])
        size = nbytes(shape, stored.dtype.itemsize)
        check_memory(f"{self.path}::{name}", size, error=self._error)
        values = np.empty(shape, stored.dtype)
        self._checked(
            values.reshape(-1).view(np.uint8).data,
            op="read",
            name=name,
            start=start,
            stop=stop or 0,
            bytes=values.nbytes,
        )
        return values

    def pick(self, name: str, rows: np.ndarray) -> np.ndarray:
        """The rows of these numbers, which ascend without repeats, of a dataset that has some.

        Each chunk is read once. Raises `error` as `read` does.
        """
        stored = self.readable(name)
        values = np.empty((len(rows), *stored.shape[1:]), stored.dtype)
        chunks = len(np.unique(rows // stored.rows))
        self._checked(
            values.reshape(-1).view(np.uint8).data,
            op="pick",
            name=name,
            rows=rows.tolist(),
            bytes=max(values.nbytes, chunks * max(stored.chunk, _PIECE)),
        )
        return values

    def readable(self, name: str) -> Stored:
        """What the file declares of a dataset.

        Raises `error` if it is refused, or declares more than it holds.
        """
        stored = self.datasets[name]
        where = f"{self.path}::{name}"
        if stored.refusal is not None:
            raise self._error(f"{where} {stored.refusal}.")
        check_honest(where, stored.nbytes, stored.stored, packed=stored.packed, error=self._error)
        return stored

    def texts(self, group: str, name: str) -> list[str] | None:
        """The texts of an attribute of a group; None if there is none of that name."""
        answer: list[str] | None = self._checked(op="texts", group=group, name=name)["texts"]
        return answer

    def close(self) -> None:
        """Let go of the file."""
        if self._borrowed is None:
            return
        worker, self._borrowed = self._borrowed, None
        try:
            broken = worker.ask(op="close")["broken"]
        except DiedError:
            return
        if broken:
            worker.stop()
        else:
            give_back(worker)

    def __enter__(self) -> HDF5File:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _checked(self, buffer: memoryview | None = None, **request: Any) -> dict[str, Any]:
        """The child's answer, or the sentence that there is none."""
        worker = self._borrowed
        if worker is None:
            raise self._error(f"{self.path} is closed.")
        try:
            answer = worker.ask(**request) if buffer is None else worker.fill(buffer, **request)
        except DiedError as died:
            self._borrowed = None
            raise self._error(f"{self.path} {died}. Is it damaged?") from died
        except BaseException:  # Ctrl-C, amid an answer that nobody will read
            worker.stop()
            self._borrowed = None
            raise
        if answer.get("broken"):
            worker.stop()
            self._borrowed = None
        if "refused" in answer:
            self.close()
            raise self._error(f"{self.path} {plain(answer['refused'])}.")
        if "error" in answer:
            self.close()
            raise self._error(
                f"{self.path} can't be read as an HDF5 file: {plain(answer['error'])}. Is it "
                "damaged, or of another format?"
            )
        return answer

    def _stored(self, facts: Mapping[str, Any]) -> Stored:
        if facts["refusal"] is not None:
            return Stored(refusal=str(facts["refusal"]))
        shape = tuple(int(side) for side in facts["shape"])
        if not _DTYPE.fullmatch(facts["dtype"]) or any(side < 0 for side in shape):
            return Stored(refusal="holds numbers of an unknown type")
        offset = facts["offset"]
        return Stored(
            shape,
            np.dtype(facts["dtype"]),
            int(facts["stored"]),
            bool(facts["packed"]),
            max(1, int(facts["rows"])),
            max(0, int(facts["chunk"])),
            None if offset is None else int(offset),
        )
