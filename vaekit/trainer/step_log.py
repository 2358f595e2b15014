"""`steps.csv`: the loss of each step, to the last bit."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from vaekit.atomic import write_text
from vaekit.errors import from_os_error

_HEAD = "step,loss,loss_hex\n"


class StepLog:
    """Appends rows: the step from 1 on, its loss an image, and that as `float.hex` writes it."""

    def __init__(self, path: Path, steps: int) -> None:
        """Go on after `steps` steps; rows past those, which will come again, are cut."""
        self._path = path
        write_text(path, _HEAD + "".join(_rows_until(path, steps)))
        self._file = path.open("a", encoding="utf-8", newline="")

    def write(self, first: int, losses: Iterable[float]) -> None:
        """Add a row for each loss; the first is that of step `first`."""
        rows = (f"{first + n},{loss!r},{loss.hex()}\n" for n, loss in enumerate(losses))
        try:
            self._file.write("".join(rows))
            self._file.flush()
        except OSError as error:
            raise from_os_error(error, self._path) or error from error

    def sync(self) -> None:
        """Flush it to the disk: a checkpoint is never ahead of its rows."""
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _rows_until(path: Path, steps: int) -> list[str]:
    """The whole rows of the first `steps` steps; a process that was killed leaves half a row."""
    if not path.exists():
        return []
    with path.open(encoding="utf-8", errors="replace", newline="") as file:
        lines = [line.split(",") for line in file if line.endswith("\n")]
    return [",".join(cells) for cells in lines if cells[0].isdigit() and int(cells[0]) <= steps]
