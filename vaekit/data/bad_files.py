"""The files of a folder that can't be read as images, told of at once."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path

from vaekit.data.read_options import ReadOptions
from vaekit.errors import DataError
from vaekit.untrusted.reading import shown
from vaekit.wording import option_text, worded

_LISTED = 20


class BadFilesError(DataError):
    """Files of a folder that can't be read as images.

    files: the reason of each, by its path within the folder.
    """

    def __init__(self, text: str, files: Mapping[str, str]) -> None:
        super().__init__(text)
        self.files = dict(files)


class BadFiles:
    """The files beneath `root` that can't be read as images, with a reason each."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._reasons: dict[Path, str] = {}

    def add(self, path: Path, reason: str) -> None:
        """Note why a file can't be read: half a sentence about it."""
        self._reasons[path] = reason

    def count_with(self, paths: Iterable[Path]) -> int:
        """How many these files and the bad ones are together."""
        return len({*paths, *self._reasons})

    def __contains__(self, path: Path) -> bool:
        return path in self._reasons

    def __len__(self) -> int:
        return len(self._reasons)

    def by_name(self) -> dict[str, str]:
        """The reasons by the files' paths within the root, in order."""
        return {
            shown(path.relative_to(self.root)): reason
            for path, reason in sorted(self._reasons.items())
        }

    def refusal(self, total: int, source: str, asked: ReadOptions) -> BadFilesError:
        """What to raise for them, where `source` has `total` files with them, read as `asked`."""
        files = self.by_name()
        lines = [f"  {name}: {reason}" for name, reason in list(files.items())[:_LISTED]]
        if len(files) > _LISTED:
            # Without a file to go on with, the command says no more than this error does.
            command = "" if len(files) == total else _listing_command(source, asked)
            rest = worded(command, "this error's files has all")
            lines.append(f"  and {len(files) - _LISTED} more{rest and f': {rest}'}")
        if len(files) == total:
            head = f"Of the {total} images of {self.root} none can be used:"
            tail = "Mend them, or give others."
        else:
            head = f"{len(files)} of the {total} images of {self.root} can't be used:"
            tail = f"Mend or remove them, or go on without them: {option_text('skip_bad', True)}"
        return BadFilesError("\n".join([head, *lines, tail]), files)


def _listing_command(source: str, asked: ReadOptions) -> str:
    """The command that lists all of them."""
    command = ["vaekit", "data", "info", source, "--skip-bad", "--json"]
    if asked.image_size is not None:
        command += ["--image-size", "x".join(map(str, asked.image_size))]
    if asked.resize is not None:
        command += ["--resize", asked.resize]
    return shlex.join(command)
