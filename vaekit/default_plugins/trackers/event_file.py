"""TensorBoard's event file: written anew of what stays of older ones, then appended to.

TensorBoard's own writer imports TensorFlow where it is installed, so that of records is used.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

_NAME = "events.out.tfevents."


class EventFile:
    """The events of one folder.

    stays: (tag, step) -> whether an event of before is kept.
    """

    def __init__(self, folder: Path, stays: Callable[[str, int], bool]) -> None:
        from tensorboard.compat.proto import event_pb2
        from tensorboard.summary.writer.record_writer import RecordWriter

        self._event = event_pb2.Event
        self._last: dict[str, int] = {}
        older = sorted(folder.glob(f"{_NAME}*"))
        kept = dict.fromkeys(record for path in older for record in self._kept(path, stays))
        path = folder / f"{_NAME}{time.time_ns()}.vaekit"
        self._records = RecordWriter(path.open("wb"))
        self._add(self._event(wall_time=time.time(), file_version="brain.Event:2"))
        for record in kept:
            self._records.write(record)
        self.flush()
        for path in older:
            path.unlink()

    def last(self, tag: str) -> int | None:
        """The largest step of a tag; None if it has none."""
        return self._last.get(tag)

    def write(self, values: Iterable[Any], step: int) -> None:
        """Add values, as `event_values` makes them."""
        event = self._event(wall_time=time.time(), step=step)
        event.summary.value.extend(values)
        self._note(event)
        self._add(event)

    def flush(self) -> None:
        """Let others read what is written."""
        self._records.flush()

    def close(self) -> None:
        """Write no more."""
        self._records.close()

    def _add(self, event: Any) -> None:
        self._records.write(event.SerializeToString())

    def _note(self, event: Any) -> None:
        for value in event.summary.value:
            self._last[value.tag] = max(event.step, self._last.get(value.tag, 0))

    def _kept(self, path: Path, stays: Callable[[str, int], bool]) -> Iterator[bytes]:
        for record in _records(path.read_bytes()):
            event = self._event.FromString(record)
            values = event.summary.value
            if values and stays(values[0].tag, event.step):
                self._note(event)
                yield record


def _records(content: bytes) -> Iterator[bytes]:
    """What lies between lengths and checksums; a process that was killed leaves a part of one."""
    at = 0
    while at + 12 <= len(content):
        (length,) = struct.unpack_from("<Q", content, at)
        begins, at = at + 12, at + 12 + length + 4
        if at <= len(content):
            yield content[begins : begins + length]
