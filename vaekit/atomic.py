"""Writing a file or a folder whole or not at all, whenever the process or the machine stops."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from vaekit.errors import RunError, from_os_error

_TEMPORARY = re.compile(r"\.writing-(\d+)-.+", re.ASCII | re.DOTALL)


def write_whole(path: Path, write: Callable[[Path], None], *, room: int = 0) -> None:
    """Let `write` fill a temporary file beside `path`, flush it to the disk, and rename it.

    Whatever happens, `path` afterwards is what it was or the new file, never a part of one.
    The temporary name ends as `path` does, because Keras goes by a file's ending.

    room: bytes that must be free before `write` is called. HDF5 needs to know: it can't close a
        file that it had no room for, and the process crashes when Python cleans up.

    Raises `NoRoomError` if there is no room, `RunError` if there is no right to write there.
    """
    target = path.resolve()  # a link is followed, not replaced
    if target.exists() and not target.is_file():
        raise RunError(f"{path} is there already and is no file. Choose another name.")
    with _aside(target, path) as temporary:
        if room and hasattr(os, "posix_fallocate"):  # macOS has none
            with open(temporary, "wb") as file:
                os.posix_fallocate(file.fileno(), 0, room)
        write(temporary)
        sync(temporary)
        os.replace(temporary, target)
        sync(target.parent)


def write_text(path: Path, text: str) -> None:
    """`write_whole` for a text, in UTF-8."""
    content = text.encode("utf-8")
    write_whole(path, lambda temporary: _write(temporary, content))


def fill_folder(path: Path, fill: Callable[[Path], None]) -> None:
    """Let `fill` write files into a temporary folder beside `path`, flush all, and rename it.

    Raises `NoRoomError` or `RunError` as `write_whole` does, and `RunError` if `path` is taken.
    """
    with _aside(path, path) as temporary:
        temporary.mkdir()
        fill(temporary)
        for folder, _, files in os.walk(temporary):
            for file in files:
                sync(Path(folder, file))
            sync(Path(folder))
        os.rename(temporary, path)
        sync(path.parent)


def write_folder(path: Path, files: Mapping[str, bytes]) -> None:
    """`fill_folder` with these files: contents by path within; folders between are made."""

    def fill(folder: Path) -> None:
        for name, content in files.items():
            file = folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            _write(file, content)

    fill_folder(path, fill)


def remove_folder(path: Path) -> None:
    """Take a folder away at once: no part of it is ever seen under its name."""
    temporary = _temporary(path)
    with contextlib.suppress(FileNotFoundError):
        os.rename(path, temporary)
    shutil.rmtree(temporary, ignore_errors=True)


def sweep(folder: Path) -> None:
    """Remove what writers that are no longer alive left half-written in `folder`."""
    for path in folder.iterdir() if folder.is_dir() else ():
        temporary = _TEMPORARY.fullmatch(path.name)
        if temporary and not _is_alive(int(temporary[1])):
            _remove(path)


def sync(path: Path) -> None:
    """Flush a file, or a folder's list of names, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _aside(target: Path, shown_as: Path) -> Iterator[Path]:
    """A temporary path beside `target`, gone after an error, which calls it `shown_as`."""
    temporary = _temporary(target)
    try:
        yield temporary
    except BaseException as error:
        with contextlib.suppress(OSError):  # the first error is the one to tell
            _remove(temporary)
        sentence = from_os_error(error, shown_as)
        if sentence is not None:
            raise sentence from error
        raise


def _temporary(target: Path) -> Path:
    return target.with_name(f".writing-{os.getpid()}-{target.name}")


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _is_alive(process: int) -> bool:
    if process == os.getpid():
        return False  # this one hasn't begun yet: another had its number
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _write(path: Path, content: bytes) -> None:
    with open(path, "wb") as file:
        file.write(content)
