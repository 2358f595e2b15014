"""Zip archives of strangers: the list of members is checked before any of them is read."""

from __future__ import annotations

import io
import stat
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from vaekit.errors import DataError, UserError
from vaekit.untrusted.reading import plain, require_file
from vaekit.untrusted.size_limits import check_size

MOST_MEMBERS = 4096
_DIRECTORY = 4 * 2**20  # bytes of the list of members; each takes some hundreds
_STORED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # the only ways that NumPy and Keras use


class Archive:
    """The members of an archive, by name."""

    def __init__(self, archive: zipfile.ZipFile, path: Path, error: type[UserError]) -> None:
        self._archive, self._path, self._error = archive, path, error
        self.members = {member.filename: member for member in archive.infolist()}

    @contextmanager
    def open(self, name: str) -> Iterator[IO[bytes]]:
        """A member to read from, at most as long as it is declared to be.

        Raises `error` if it can't honestly be that long.
        """
        member = self.members[name]
        check_size(
            f"{self._path}: {plain(name)}",
            member.file_size,
            min(member.compress_size, self._path.stat().st_size),
            packed=member.compress_type == zipfile.ZIP_DEFLATED,
            error=self._error,
        )
        with self._archive.open(member) as stream:
            yield stream

    def read(self, name: str, *, at_most: int) -> bytes:
        """The whole of a member that should be short. Raises `error` if it isn't."""
        size = self.members[name].file_size
        if size > at_most:
            raise self._error(
                f"{self._path}: {plain(name)} holds {size} bytes, more than the {at_most} that "
                "vaekit reads."
            )
        with self.open(name) as stream:
            return stream.read()


@contextmanager
def open_zip(path: Path, error: type[UserError] = DataError) -> Iterator[Archive]:
    """A zip file's members, checked: their number, names, kinds and ways of packing.

    Raises `error` for members that a well-meant archive doesn't have.
    """
    require_file(path, error)
    with _Capped(path) as file, zipfile.ZipFile(file) as archive:
        file.cap = None
        _check(archive.infolist(), path, error)
        yield Archive(archive, path, error)


class _Capped(io.FileIO):
    """A file that gives no more than `cap` bytes at once.

    `zipfile` reads the whole list of members before anyone can look at how long it is.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.cap: int | None = _DIRECTORY

    def read(self, size: int | None = -1, /) -> bytes:
        """As a file's, but for the cap."""
        if self.cap is not None and size is not None and size > self.cap:
            raise zipfile.BadZipFile("its list of members is too long")
        data = super().read(-1 if size is None else size)
        return data if data is not None else b""


def _check(members: list[zipfile.ZipInfo], path: Path, error: type[UserError]) -> None:
    if len(members) > MOST_MEMBERS:
        raise error(f"{path} holds {len(members)} members, more than the {MOST_MEMBERS} allowed.")
    seen: set[str] = set()
    for member in members:
        name = member.filename
        shown = f"{path}: the member {plain(name)!r}"
        if _leads_out(name):
            raise error(f"{shown} leads out of the archive. Don't use this file.")
        if name in seen:
            raise error(f"{shown} is there twice. Don't use this file.")
        seen.add(name)
        if stat.S_ISLNK(member.external_attr >> 16):
            raise error(f"{shown} is a link. Don't use this file.")
        if member.flag_bits & 1:
            raise error(f"{shown} is encrypted. Save it again without a password.")
        if member.compress_type not in _STORED:
            raise error(f"{shown} is packed in an unusual way. Save it again.")


def _leads_out(name: str) -> bool:
    parts = name.replace("\\", "/").split("/")
    return name != name.strip() or "\\" in name or ":" in name or parts[0] == "" or ".." in parts
