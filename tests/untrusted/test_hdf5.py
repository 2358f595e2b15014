"""HDF5 read by a child process: its limits, its death, and what it must not touch."""

from __future__ import annotations

import gzip
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import h5py
import numpy as np
import pytest

import vaekit
from tests.untrusted.cases import small_model
from vaekit.errors import DataError, ModelFileError
from vaekit.untrusted import worker
from vaekit.untrusted.hdf5 import HDF5File

CORPUS = Path(__file__).with_name("corpus")


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as made:
        made["group/x"] = np.arange(60.0).reshape(10, 6)
        made["scalar"] = 3
        made["none"] = np.zeros((0, 4))
        made["flags"] = np.array([True, False])
        made["group"].attrs["names"] = ["a", "ü"]
        made["group"].attrs["number"] = 3
    return path


def processes():
    """The children of this process that read HDF5; other tests have children, too."""
    tasks = Path("/proc/self/task").iterdir()
    children = {child for task in tasks for child in (task / "children").read_text().split()}
    boot = worker._BOOT.encode()
    return {int(child) for child in children if boot in Path(f"/proc/{child}/cmdline").read_bytes()}


def test_values(file):
    with HDF5File(file) as opened:
        assert set(opened.datasets) == {"group/x", "scalar", "none", "flags"}
        assert opened.groups == {"", "group"}
        np.testing.assert_array_equal(opened.read("group/x"), np.arange(60.0).reshape(10, 6))
        np.testing.assert_array_equal(opened.read("group/x", 2, 4)[:, 0], [12, 18])
        assert opened.read("group/x", 9, 99).shape == (1, 6)
        assert opened.read("group/x", 5, 2).shape == (0, 6)
        assert opened.read("scalar") == 3
        assert opened.read("none").shape == (0, 4)
        assert opened.read("flags").tolist() == [True, False]
        assert opened.texts("group", "names") == ["a", "ü"]
        assert opened.texts("group", "other") is None


@pytest.mark.parametrize("chunks", [(7, 100, 33), (1, 300, 300), (150, 10, 10), None])
def test_larger_than_a_slab(tmp_path, chunks):
    """20 MB, in chunks that no slab ends with."""
    values = np.random.default_rng(0).integers(0, 9, (150, 300, 300), "uint8")
    values = values.astype(">i2" if chunks else "u1")
    packed = {"chunks": chunks, "compression": "gzip", "compression_opts": 1} if chunks else {}
    with h5py.File(tmp_path / "a.h5", "w") as made:
        made.create_dataset("x", data=values, **packed)
    with HDF5File(tmp_path / "a.h5") as opened:
        assert opened.datasets["x"].dtype == values.dtype
        np.testing.assert_array_equal(opened.read("x"), values)
        np.testing.assert_array_equal(opened.read("x", 3, 149), values[3:149])


def test_one_child_for_file_after_file(file):
    with HDF5File(file):
        pass
    before = processes()
    for _ in range(20):
        with HDF5File(file) as opened:
            opened.read("group/x")
    assert processes() == before


def test_two_files_at_once(file, tmp_path):
    with h5py.File(tmp_path / "b.h5", "w") as made:
        made["y"] = np.ones(3)
    with HDF5File(file) as one, HDF5File(tmp_path / "b.h5") as other:
        assert one.read("scalar") == 3
        assert other.read("y").tolist() == [1, 1, 1]
        assert one.read("flags").tolist() == [True, False]


def test_a_child_that_dies_is_a_sentence_and_is_replaced(file):
    with HDF5File(file), HDF5File(file):  # so that two children are there
        pass
    with HDF5File(file) as opened:
        for child in processes():
            os.kill(child, signal.SIGSEGV)
        with pytest.raises(DataError, match=r"a\.h5 crashes the HDF5 library \(SIGSEGV\)"):
            opened.read("group/x")
    with HDF5File(file) as opened:  # nor does one that died while it had nothing to do
        assert opened.read("scalar") == 3


@pytest.mark.parametrize("name", sorted(path.name for path in CORPUS.glob("endless*")))
def test_library_that_never_ends(tmp_path, name):
    """Found by the fuzzer: the library runs in a ring, until its processor time is up."""
    path = tmp_path / name.removesuffix(".gz")
    path.write_bytes(gzip.decompress((CORPUS / name).read_bytes()))
    used = os.times()
    with pytest.raises(ModelFileError, match="takes longer to read than vaekit allows"):
        vaekit.load_weights(small_model(), path)
    assert os.times().children_user - used.children_user < 3


def test_attribute_that_is_no_text(file):
    with HDF5File(file) as opened, pytest.raises(DataError, match="'number' that is no text"):
        opened.texts("group", "number")


def test_nothing_else_can_be_opened_while_a_file_is(file, tmp_path):
    """The limits of the child itself, seen from outside."""
    worker._stop_all()  # lest one of them is used again
    others = processes()
    with HDF5File(file):
        (tmp_path / "secret").write_text("x")
        (child,) = processes() - others
        limits = Path(f"/proc/{child}/limits").read_text()
        rows = {line[:26].strip(): line[26:47].strip() for line in limits.splitlines()}
        assert rows["Max open files"] == "0"
        assert rows["Max file size"] == "0"
        assert rows["Max address space"] == str(2**30)


SCRIPT = """
import sys
from vaekit.untrusted.hdf5 import HDF5File
file = HDF5File(sys.argv[1])
print(file.read("scalar"))
import os
from pathlib import Path
tasks = Path("/proc/self/task").iterdir()
print(*[child for task in tasks for child in (task / "children").read_text().split()], flush=True)
os._exit(0)
"""


def test_child_ends_with_its_parent_and_imports_nothing_from_where_one_stands(file, tmp_path):
    for name in ("h5py", "numpy", "json", "sitecustomize", "usercustomize"):
        (tmp_path / f"{name}.py").write_text(f"open({str(tmp_path / 'canary')!r}, 'w')")
    script = tmp_path / "scripts" / "run.py"
    script.parent.mkdir()
    script.write_text(SCRIPT)
    home = Path(worker.__file__).parents[2]
    env = os.environ | {"PYTHONPATH": str(home), "HDF5_PLUGIN_PATH": str(tmp_path)}
    command = [sys.executable, str(script), str(file)]
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    value, child = done.stdout.split()
    assert value == "3"
    assert not (tmp_path / "canary").exists()
    for _ in range(100):
        if not Path(f"/proc/{child}").exists():
            break
        time.sleep(0.05)
    else:
        pytest.fail("the child outlives its parent")


def test_fork_does_not_share_children(file):
    """A data loader's worker process must not talk over its parent's pipe."""
    with HDF5File(file):
        pass
    script = (
        "import os, sys\n"
        "from vaekit.untrusted import worker\n"
        "from vaekit.untrusted.hdf5 import HDF5File\n"
        "HDF5File(sys.argv[1]).close()\n"
        "assert len(worker._idle) == 1\n"
        "child = os.fork()\n"
        "if not child:\n"
        "    assert not worker._idle\n"
        "    assert HDF5File(sys.argv[1]).read('scalar') == 3\n"
        "    os._exit(0)\n"
        "assert os.waitpid(child, 0)[1] == 0\n"
        "assert HDF5File(sys.argv[1]).read('scalar') == 3\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(file)],
        env=os.environ | {"PYTHONPATH": str(Path(worker.__file__).parents[2])},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
