"""Free memory: the machine's, less what a container or the process may not have."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path
from types import SimpleNamespace

import pytest

from vaekit import memory
from vaekit.data import data_budget, free_budget

GIB = 2**30
UNLIMITED = 9223372036854771712  # as version 1 says it


@pytest.fixture
def groups(tmp_path, monkeypatch):
    """Makes a tree of control groups: where this process is, and the files of each group."""
    monkeypatch.setattr(memory, "_GROUPS", tmp_path / "cgroup")
    monkeypatch.setattr(memory, "_OWN", tmp_path / "self")
    monkeypatch.setattr(memory, "_process_limits", lambda: iter(()))
    machine = SimpleNamespace(available=8 * GIB, total=16 * GIB)
    monkeypatch.setattr(memory.psutil, "virtual_memory", lambda: machine)
    (tmp_path / "self").mkdir()

    def make(own: str, files: dict[str, object]) -> None:
        (tmp_path / "self/cgroup").write_text(own)
        for name, content in files.items():
            path = tmp_path / "cgroup" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{content}\n")

    return make


@pytest.mark.parametrize(
    ("own", "files", "free", "total"),
    [
        ("", {}, 8 * GIB, 16 * GIB),
        ("0::/\n", {"memory.max": GIB, "memory.current": GIB // 4}, 3 * GIB // 4, GIB),
        ("0::/\n", {"memory.max": "max", "memory.current": GIB}, 8 * GIB, 16 * GIB),
        ("0::/a\n", {"a/memory.max": GIB, "a/memory.current": 2 * GIB}, 0, GIB),
        ("0::/a\n", {"a/memory.max": GIB, "a/memory.current": "?"}, 8 * GIB, 16 * GIB),
        (
            "0::/a\n",
            {"a/memory.max": "max", "a/memory.high": GIB, "a/memory.current": 0},
            GIB,
            GIB,
        ),
        (
            "0::/a/b\n",  # the narrower of nested ones, which is the outer
            {
                "a/memory.max": GIB,
                "a/memory.current": GIB // 2,
                "a/b/memory.max": 2 * GIB,
                "a/b/memory.current": GIB // 4,
            },
            GIB // 2,
            GIB,
        ),
        (
            "0::/a\n",  # another's group is none of ours
            {"a/memory.max": "max", "b/memory.max": 1, "b/memory.current": 0},
            8 * GIB,
            16 * GIB,
        ),
        (
            "7:cpu:/x\n4:memory:/docker/abc\n",
            {
                "memory/docker/abc/memory.limit_in_bytes": 2 * GIB,
                "memory/docker/abc/memory.usage_in_bytes": GIB,
                "memory/memory.limit_in_bytes": UNLIMITED,
                "memory/memory.usage_in_bytes": 3 * GIB,
                "cpu/x/memory.limit_in_bytes": 1,
            },
            GIB,
            2 * GIB,
        ),
        (
            "4:memory:/docker/abc\n",  # a container has its own group for a root
            {"memory/memory.limit_in_bytes": GIB, "memory/memory.usage_in_bytes": GIB // 2},
            GIB // 2,
            GIB,
        ),
        (
            "4:cpuset,memory:/a/b\n0::/\n",
            {
                "memory/a/memory.limit_in_bytes": GIB,
                "memory/a/memory.usage_in_bytes": 0,
                "memory/a/b/memory.limit_in_bytes": UNLIMITED,
                "memory/a/b/memory.usage_in_bytes": 0,
            },
            GIB,
            GIB,
        ),
    ],
    ids=[
        "none", "v2 root", "v2 unlimited", "v2 overdrawn", "v2 unreadable", "v2 high", "v2 nested",
        "v2 sibling", "v1", "v1 in a container", "v1 nested",
    ],
)  # fmt: skip
def test_groups(groups, own, files, free, total):
    groups(own, files)
    assert memory.free_memory() == free
    assert memory.total_memory() == total


@pytest.mark.parametrize(
    ("folder", "limit", "used", "stat"),
    [
        ("", "memory.max", "memory.current", f"anon 5\ninactive_file {GIB // 2}"),
        (
            "memory/",
            "memory.limit_in_bytes",
            "memory.usage_in_bytes",
            f"cache 9\ninactive_file 7\ntotal_inactive_file {GIB // 2}",
        ),
    ],
)
def test_files_that_would_be_let_go_are_free(groups, folder, limit, used, stat):
    groups(
        "",
        {folder + limit: 2 * GIB, folder + used: GIB, f"{folder}memory.stat": stat},
    )
    assert memory.free_memory() == 3 * GIB // 2


def test_budgets_are_a_quarter_of_it(groups):
    groups("0::/\n", {"memory.max": GIB, "memory.current": 0})
    assert data_budget(None).bytes == free_budget().bytes == GIB // 4
    assert data_budget(5) == (5, True)


def limited(kind: str, room: int, code: str) -> str:
    """What a process prints that may have `room` bytes more than it takes once it has begun."""
    head = f"""
    import resource, psutil
    import numpy as np
    import vaekit.data
    from vaekit.memory import free_memory
    taken = psutil.Process().memory_info()
    used = {{"RLIMIT_AS": taken.vms, "RLIMIT_DATA": taken.data}}["{kind}"] + {room}
    resource.setrlimit(resource.{kind}, (used, used))
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(head) + textwrap.dedent(code)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.skipif(sys.platform != "linux", reason="other systems don't hold to these limits")
@pytest.mark.parametrize("kind", ["RLIMIT_AS", "RLIMIT_DATA"])
def test_limits_of_the_process(kind):
    room = 64 * 2**20
    out = limited(kind, room, "print(free_memory(), vaekit.data.free_budget().bytes)")
    free, budget = map(int, out.split())
    assert room // 2 < free <= room
    assert abs(budget - free // 4) < 2**20


@pytest.mark.skipif(sys.platform != "linux", reason="other systems don't hold to these limits")
@pytest.mark.parametrize(("count", "streamed"), [(60, True), (10, False)])
def test_what_is_more_than_a_quarter_of_a_limit_is_streamed(tmp_path, count, streamed):
    side = 2**9
    path: Path = tmp_path / "images-idx3-ubyte"
    head = b"\0\0\x08\x03" + b"".join(n.to_bytes(4, "big") for n in (count, side, side))
    with path.open("wb") as file:
        file.write(head)
        file.truncate(len(head) + count * side * side)  # 15 or 2.5 MiB of black
    out = limited(
        "RLIMIT_AS",
        40 * 2**20,
        f"""
        data = vaekit.data.load_data({str(path)!r}, budget=vaekit.data.free_budget())
        print(isinstance(data.train.pixels, vaekit.data.StoredPixels))
        """,
    )
    assert out.split() == [str(streamed)]
