"""`manifest.json` of a run: the files that are at rest, with their sizes and SHA-256.

A file is taken off the list before it changes and put on it again afterwards, so that a process
killed in between leaves a shorter list, never a wrong one. Checkpoints have manifests of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from vaekit.atomic import write_text
from vaekit.checkpoint import (
    MANIFEST,
    Damage,
    Entry,
    describe_bytes,
    describe_file,
    difference,
    parse_manifest,
    render_manifest,
)
from vaekit.errors import DamagedError


class Checksums:
    """The manifest of one run directory."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / MANIFEST

    def read(self, path: Path) -> bytes:
        """A file's content, checked if it is on the list.

        Raises `DamagedError` if it isn't what it was, `OSError` if it can't be read.
        """
        entry = self._entries().get(self._name(path))
        content = path.read_bytes()
        wrong = entry and difference(entry, describe_bytes(content))
        if wrong:
            raise DamagedError(
                f"{Damage(path, wrong)} If you changed it on purpose, delete {self._path}."
            )
        return content

    def put(self, paths: Iterable[Path]) -> None:
        """Put files on the list, as they are now."""
        entries = self._entries()
        entries |= {self._name(path): describe_file(path) for path in paths}
        write_text(self._path, render_manifest(entries))

    def take_off(self, chosen: Callable[[str], bool]) -> None:
        """Take off the list the files whose names are `chosen`."""
        entries = self._entries()
        kept = {name: entry for name, entry in entries.items() if not chosen(name)}
        if kept != entries:
            write_text(self._path, render_manifest(kept))

    def damages(self) -> Iterator[Damage]:
        """What on the list isn't what it was, and the list itself."""
        try:
            entries = self._entries()
        except DamagedError:
            yield Damage(self._path, "its own SHA-256 is not what it was.")
            return
        for name, entry in entries.items():
            path = self._folder / name
            try:
                wrong = difference(entry, describe_file(path))
            except OSError as error:
                wrong = f"{error.strerror}."
            if wrong:
                yield Damage(path, wrong)

    def _entries(self) -> dict[str, Entry]:
        try:
            return parse_manifest(self._path.read_bytes())
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise DamagedError(
                f"{Damage(self._path, str(error))} Delete it to work with the run unchecked."
            ) from error

    def _name(self, path: Path) -> str:
        return path.relative_to(self._folder).as_posix()
