"""What an offline run's `.wandb` file holds: records in LevelDB's log format, after a header."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_HEAD = 7  # bytes of the file's header, and of each chunk's: checksum, length, type
_BLOCK = 2**15  # bytes; no chunk goes over a block's end
_FULL, _LAST = 1, 4  # types of the chunk that ends a record


def history_of(path: Path) -> Iterator[dict[str, Any]]:
    """The lines that were logged, in order, until where a process was killed."""
    for record in _parsed(path, "history"):
        yield {
            item.key or "/".join(item.nested_key): json.loads(item.value_json)
            for item in record.history.item
        }


def is_finished(path: Path) -> bool:
    """Whether all is written of a run that was finished."""
    return any(True for _ in _parsed(path, "exit"))


def _parsed(path: Path, kind: str) -> Iterator[Any]:
    from wandb.proto import wandb_internal_pb2

    for content in _records(path.read_bytes()):
        record = wandb_internal_pb2.Record.FromString(content)
        if record.WhichOneof("record_type") == kind:
            yield record


def _records(content: bytes) -> Iterator[bytes]:
    at, record = _HEAD, b""
    while at + _HEAD <= len(content):
        if _BLOCK - at % _BLOCK < _HEAD:  # the rest of a block is too short for a chunk
            at += _BLOCK - at % _BLOCK
            continue
        _, length, kind = struct.unpack_from("<IHB", content, at)
        at += _HEAD + length
        if not kind or at > len(content):
            return
        record += content[at - length : at]
        if kind in (_FULL, _LAST):
            yield record
            record = b""
