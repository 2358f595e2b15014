"""A file is written whole or not at all, and says why not."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import textwrap

import pytest

from vaekit.atomic import write_folder, write_text, write_whole
from vaekit.errors import NoRoomError, RunError, from_os_error


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_new_file_is_written(tmp_path):
    write_whole(tmp_path / "new.bin", lambda path: path.write_bytes(b"\0new"))
    assert (tmp_path / "new.bin").read_bytes() == b"\0new"
    assert names(tmp_path) == ["new.bin"]


def test_an_old_file_is_replaced(tmp_path):
    (tmp_path / "file.txt").write_text("old and longer")
    write_text(tmp_path / "file.txt", "new")
    assert (tmp_path / "file.txt").read_text() == "new"
    assert names(tmp_path) == ["file.txt"]


def test_text_is_utf8_whatever_the_locale(tmp_path):
    path = tmp_path / "text"
    code = "import sys; from pathlib import Path; from vaekit.atomic import write_text\n"
    code += "write_text(Path(sys.argv[1]), 's\\xb2 \\u2265 0')"
    environment = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    subprocess.run([sys.executable, "-c", code, str(path)], env=environment, check=True)
    assert path.read_bytes() == "s² ≥ 0".encode()


def test_the_old_file_stands_until_the_new_one_is_whole(tmp_path):
    path = tmp_path / "file.txt"
    path.write_text("old")
    seen = []

    def write(temporary):
        temporary.write_text("half")
        seen.append((temporary.parent, temporary.suffix, path.read_text()))
        temporary.write_text("whole")

    write_whole(path, write)
    assert seen == [(tmp_path, ".txt", "old")]  # beside it, and of the same ending
    assert path.read_text() == "whole"


@pytest.mark.parametrize("error", [ValueError("no"), KeyboardInterrupt(), SystemExit(3)])
@pytest.mark.parametrize("old", [None, "old"])
def test_a_failure_leaves_what_was_there(tmp_path, old, error):
    path = tmp_path / "file.txt"
    if old is not None:
        path.write_text(old)

    def write(temporary):
        temporary.write_text("half of it")
        raise error

    with pytest.raises(type(error)) as caught:
        write_whole(path, write)
    assert caught.value is error
    assert names(tmp_path) == ([] if old is None else ["file.txt"])
    assert old is None or path.read_text() == old


def test_a_write_that_makes_no_file_changes_nothing(tmp_path):
    (tmp_path / "file.txt").write_text("old")
    with pytest.raises(RunError, match=r"file\.txt"):
        write_whole(tmp_path / "file.txt", lambda temporary: None)
    assert (tmp_path / "file.txt").read_text() == "old"


def test_a_missing_folder_is_said_with_the_path(tmp_path):
    path = tmp_path / "missing" / "file.txt"
    with pytest.raises(RunError) as caught:
        write_text(path, "text")
    assert str(caught.value).startswith(f"Can't write {path}: No such file or directory.")
    assert caught.value.exit_code == 2


def test_a_file_where_a_folder_should_be_is_said_with_the_path(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    path = tmp_path / "file" / "inner.txt"
    with pytest.raises(RunError) as caught:
        write_text(path, "text")
    assert str(caught.value).startswith(f"Can't write {path}: Not a directory.")


def test_a_folder_in_the_way_is_said_with_the_path(tmp_path):
    (tmp_path / "taken").mkdir()
    with pytest.raises(RunError, match=r"taken is there already and is no file"):
        write_text(tmp_path / "taken", "text")
    assert names(tmp_path) == ["taken"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_the_right_to_write_is_said_with_the_path(tmp_path):
    folder = tmp_path / "locked"
    folder.mkdir(mode=0o500)
    with pytest.raises(RunError, match=r"Can't write .*locked.file.txt: Permission denied"):
        write_text(folder / "file.txt", "text")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_disk_is_said_with_the_path(tmp_path):
    path = tmp_path / "file.txt"
    path.write_text("old")

    def write(temporary):
        temporary.write_text("half")
        with open("/dev/full", "w") as full:
            full.write("more")

    with pytest.raises(NoRoomError) as caught:
        write_whole(path, write)
    assert caught.value.exit_code == 1
    assert str(caught.value) == (
        f"No room left to write {path}. Free some space, or choose another out."
    )
    assert isinstance(caught.value.__cause__, OSError)
    assert path.read_text() == "old"
    assert names(tmp_path) == ["file.txt"]


WRITERS = {
    "text": "lambda t: t.write_text('x' * 100_000)",
    "numpy": "lambda t: np.savez(t, a=np.ones(100_000))",
    "hdf5": "fill_hdf5",
}


@pytest.mark.parametrize("kind", WRITERS)
def test_no_room_is_said_however_the_file_is_written(tmp_path, kind):
    """The system itself refuses here: no file may grow beyond 20 kB."""
    path = tmp_path / "file.npz"
    path.write_text("old")
    code = f"""
        import resource, sys
        from pathlib import Path
        import h5py, numpy as np
        from vaekit.atomic import write_whole
        from vaekit.errors import NoRoomError

        def fill_hdf5(path):
            with h5py.File(path, "w") as file:
                file["a"] = np.ones(100_000)

        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
        try:
            write_whole(Path(sys.argv[1]), {WRITERS[kind]})
        except NoRoomError as error:
            print(error)
    """
    command = [sys.executable, "-c", textwrap.dedent(code), str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.stdout.startswith(f"No room left to write {path}."), done.stderr
    assert path.read_text() == "old"
    assert names(tmp_path) == ["file.npz"]


def test_a_folder_is_made_with_the_folders_in_it(tmp_path):
    write_folder(tmp_path / "new", {"a.txt": b"a", "in/side/b.bin": b"\0b"})
    assert (tmp_path / "new/a.txt").read_bytes() == b"a"
    assert (tmp_path / "new/in/side/b.bin").read_bytes() == b"\0b"
    assert names(tmp_path) == ["new"]


def test_a_folder_that_fails_half_way_leaves_nothing(tmp_path):
    files = {"a.txt": b"a", "in/b.txt": b"b", "in/b.txt/c.txt": b"in a file"}
    with pytest.raises(RunError, match=r"Can't write .*new: (Not a directory|File exists)"):
        write_folder(tmp_path / "new", files)
    assert names(tmp_path) == []


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_every_kind_of_no_room_is_known(code):
    for error in (OSError(code, "full"), RuntimeError(f"write failed (errno = {code}, error = x)")):
        assert str(from_os_error(error, "here.h5")).startswith("No room left to write here.h5.")


def test_other_errors_are_none_of_its_business():
    assert from_os_error(ValueError("errno = 2, or so"), "here") is None
    assert "Can't write here: gone" in str(from_os_error(OSError("gone"), "here"))
