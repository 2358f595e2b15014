"""The process that parses HDF5 of strangers: it answers `hdf5.HDF5File` over its standard streams.

A request is a line of JSON; an answer is frames, each a kind (`J`: JSON, `B`: bytes of an array)
and a length of 8 bytes. Whatever a file does to the HDF5 library happens here, under limits: no
more memory, no file opened but the one asked for, nothing written, and a deadline.
"""

from __future__ import annotations

import contextlib
import encodings.ascii  # noqa: F401 - h5py asks for it when no file can be opened any more
import json
import os
import resource
import signal
import struct
import sys
import textwrap
from collections.abc import Callable
from typing import Any, BinaryIO

import h5py
import numpy as np
from h5py import h5a, h5f, h5p, h5s, h5t

from vaekit.untrusted.hdf5_walk import Found, RefusedError, facts, walk

MEMORY = 2**30  # bytes of address space
PROCESSOR_SECONDS = 1.0  # for a request; a usual one takes some thousandths of that
BYTES_A_SECOND = 50_000_000  # beyond that, for reading; unpacking gzip is several times faster
WALL_SECONDS = 120.0  # for a request, or for a slab of a long one: a slow disk is no attack
SLAB = 8 * 2**20  # bytes read at a time, unless chunks are larger
LARGEST_SLAB = 256 * 2**20
LONGEST_TEXT = 16 * 2**20  # of an attribute
MOST_TEXTS = 20_000

_WRITTEN = "is in use by a program that writes into it: close it there first"
_LOCKED = ("unable to lock file", "already open for write", "already open for SWMR")

_OF_FILES = h5f.OBJ_FILE | h5f.OBJ_GROUP | h5f.OBJ_DATASET | h5f.OBJ_ATTR
_HEAD = struct.Struct("!cQ")


def main() -> None:
    """Answer requests until there are no more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that asks
    for limit, most in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        with contextlib.suppress(ValueError, OSError):  # a stricter one holds, or macOS has none
            resource.setrlimit(limit, (most, most))
    server = _Server(sys.stdout.buffer)
    for line in sys.stdin.buffer:
        request = json.loads(line)
        _start_clock(request.pop("bytes", 0))
        try:
            server.answer(**request)
        except RefusedError as error:
            server.say({"refused": str(error)})
        except MemoryError:
            server.say({"refused": "asks for more memory than vaekit gives it", "broken": True})
        except Exception as error:  # h5py raises whatever HDF5's text looks like
            text = " ".join(str(error).split()).rstrip(".") or type(error).__name__
            text = textwrap.shorten(text, 300, placeholder="...")
            if any(words in text for words in _LOCKED):
                server.say({"refused": f"{_WRITTEN}. HDF5 says: {text}"})
            else:
                server.say({"error": text})
        _stop_clock()


def _start_clock(size: int) -> None:
    signal.setitimer(signal.ITIMER_PROF, PROCESSOR_SECONDS + size / BYTES_A_SECOND)
    signal.setitimer(signal.ITIMER_REAL, WALL_SECONDS)


def _stop_clock() -> None:
    signal.setitimer(signal.ITIMER_PROF, 0)
    signal.setitimer(signal.ITIMER_REAL, 0)


class _Server:
    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._file: Any = None
        self._found = Found({}, {}, {})

    def say(self, message: dict[str, Any]) -> None:
        """Send one frame of JSON."""
        text = json.dumps(message).encode()
        self._out.write(_HEAD.pack(b"J", len(text)) + text)
        self._out.flush()

    def answer(self, op: str, **arguments: Any) -> None:
        """Do what is asked, and say so."""
        operations: dict[str, Callable[..., None]] = {
            "open": self._open,
            "close": self._close,
            "texts": self._texts,
            "read": self._read,
            "pick": self._pick,
        }
        operations[op](**arguments)

    def _open(self, path: str) -> None:
        _let_open(1)
        try:
            access = h5p.create(h5p.FILE_ACCESS)
            access.set_fclose_degree(h5f.CLOSE_STRONG)
            self._file = h5f.open(path.encode("utf-8", "surrogateescape"), h5f.ACC_RDONLY, access)
        finally:
            _let_open(0)
        self._found = walk(h5py.h5g.open(self._file, b"/"))
        self.say(
            {
                "datasets": {name: facts(item) for name, item in self._found.datasets.items()},
                "groups": list(self._found.groups),
                "links": self._found.links,
            }
        )

    def _close(self) -> None:
        self._found = Found({}, {}, {})
        if self._file is not None:
            self._file.close()
            self._file = None
        # An object that a broken file left open would keep memory, and the file.
        self.say({"broken": bool(h5f.get_obj_count(h5f.OBJ_ALL, _OF_FILES))})

    def _texts(self, group: str, name: str) -> None:
        where = self._found.groups[group]
        if not h5a.exists(where, name.encode()):
            self.say({"texts": None})
            return
        attribute = h5a.open(where, name.encode())
        size, kind = 1, attribute.get_type().get_class()
        for side in attribute.shape:
            size *= side
        if size > MOST_TEXTS or size * attribute.get_type().get_size() > LONGEST_TEXT:
            raise RefusedError(f"has an attribute {name!r} that is too long")
        if kind != h5t.STRING:
            if size == 0:  # an empty list has no type of its own
                self.say({"texts": []})
                return
            raise RefusedError(f"has an attribute {name!r} that is no text")
        value = h5py.AttributeManager(h5py.Group(where))[name]
        texts = [t.decode("utf-8") if isinstance(t, bytes) else str(t) for t in np.ravel(value)]
        if sum(map(len, texts)) > LONGEST_TEXT:
            raise RefusedError(f"has an attribute {name!r} that is too long")
        self.say({"texts": texts})

    def _read(self, name: str, start: int, stop: int) -> None:
        dataset, known = self._readable(name)
        shape, dtype = known["shape"], np.dtype(known["dtype"])
        if not shape:
            value = np.empty((), dtype)
            dataset.read(h5s.ALL, h5s.ALL, value)
            self._send(value)
        elif 0 not in shape:
            row = dtype.itemsize
            for side in shape[1:]:
                row *= side
            rows = _rows(row, known["rows"])
            for first in range(start, stop, rows):
                self._send(_slab(dataset, known, first, min(first + rows, stop)))
        self.say({"done": True})

    def _pick(self, name: str, rows: list[int]) -> None:
        """Rows in ascending order, each once; those of one chunk are read together."""
        dataset, known = self._readable(name)
        wanted = np.array(rows)
        borders = np.flatnonzero(np.diff(wanted // known["rows"])) + 1
        for some in np.split(wanted, borders):
            self._send(_slab(dataset, known, int(some[0]), int(some[-1]) + 1)[some - some[0]])
        self.say({"done": True})

    def _readable(self, name: str) -> tuple[Any, dict[str, Any]]:
        dataset = self._found.datasets[name]
        dataset_facts = facts(dataset)
        if dataset_facts["refusal"] is not None:
            raise RefusedError(dataset_facts["refusal"])
        return dataset, dataset_facts

    def _send(self, values: np.ndarray) -> None:
        data = values.reshape(-1).view(np.uint8).data
        self._out.write(_HEAD.pack(b"B", len(data)))
        self._out.write(data)
        self._out.flush()


def _slab(dataset: Any, known: dict[str, Any], first: int, stop: int) -> np.ndarray:
    """The rows of a dataset from `first` to before `stop`."""
    signal.setitimer(signal.ITIMER_REAL, WALL_SECONDS)
    count = (stop - first, *known["shape"][1:])
    slab = np.empty(count, np.dtype(known["dtype"]))
    space = dataset.get_space()
    space.select_hyperslab((first, *[0] * (len(count) - 1)), count)
    dataset.read(h5s.create_simple(count), space, slab)
    return slab


def _rows(row: int, chunk: int) -> int:
    """How many rows to read at a time: whole chunks, so that none is unpacked twice."""
    if chunk * row > LARGEST_SLAB:
        return max(1, LARGEST_SLAB // row)
    return max(1, SLAB // (chunk * row)) * chunk


def _let_open(count: int) -> None:
    """Allow this process to open so many files more, whatever a file names.

    Descriptors are handed out from the lowest free one, so a limit just above it allows one.
    """
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    free = 0
    if count:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        free = os.dup(0)
        os.close(free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (free + count, most))
