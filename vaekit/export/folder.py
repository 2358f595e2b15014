"""The folder of an export: written whole or not at all, part beside part."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from vaekit.atomic import fill_folder, remove_folder
from vaekit.errors import RunError, from_os_error
from vaekit.export.parts import PARTS
from vaekit.wording import option_text

FILE = "export.json"
# What must be the same of parts that lie in one folder.
_COMMON = ("format", "precision", "run")


class ExportFolder:
    """A folder that is new or empty, or has other parts of the same run in the same format.

    about: what `export.json` is to say, but for the parts; `format`, `precision` and `run` at once,
        the rest before `write`.

    Raises `RunError` for a folder that holds something else.
    """

    def __init__(self, path: Path, about: Mapping[str, Any]) -> None:
        self.path = path
        self._about = about
        self._kept = self._earlier()

    def write(self, write: Callable[[Path], dict[str, Any]]) -> dict[str, Any]:
        """Let `write` fill a temporary folder, and describe each part; give what `export.json` has.

        Parts that were there before stay. After an error, all is as it was.
        """
        description: dict[str, Any] = {}

        def fill(folder: Path) -> None:
            written = write(folder)
            kept = {name: part for name, part in self._kept.items() if name not in written}
            for name in {file for part in kept.values() for file in part["files"]}:
                folder.joinpath(name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(self.path / name, folder / name)
            both = written | kept
            description.update(
                self._about, parts={name: both[name] for name in PARTS if name in both}
            )
            text = json.dumps(description, indent=2) + "\n"
            folder.joinpath(FILE).write_text(text, encoding="utf-8")

        missing = [parent for parent in self.path.parents if not parent.exists()]
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._replace(fill)
        except BaseException as error:
            for folder in missing:
                with suppress(OSError):
                    folder.rmdir()
            sentence = from_os_error(error, self.path)
            if sentence is not None:
                raise sentence from error
            raise
        return description

    def _replace(self, fill: Callable[[Path], None]) -> None:
        if not self.path.exists():
            fill_folder(self.path, fill)
            return
        target = self.path.resolve()
        new = target.with_name(f".{target.name}.new")  # of a process that was killed just then
        remove_folder(new)
        fill_folder(new, fill)
        remove_folder(target)
        new.rename(target)

    def _earlier(self) -> dict[str, Any]:
        """The parts that are here already, as they were described."""
        if not self.path.exists() or (self.path.is_dir() and not any(self.path.iterdir())):
            return {}
        try:
            described = json.loads(self.path.joinpath(FILE).read_bytes())
            parts: dict[str, Any] = described["parts"]
            same = all(described[name] == self._about[name] for name in _COMMON)
            whole = all(self.path.joinpath(f).is_file() for p in parts.values() for f in p["files"])
        except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
            raise RunError(
                f"{self.path} holds something else than an export already. Choose another "
                f"{option_text('out')}."
            ) from error
        if not (same and whole):
            raise RunError(
                f"{self.path} holds an export of other weights, or in another format. Delete it, "
                f"or choose another {option_text('out')}."
            )
        return parts
