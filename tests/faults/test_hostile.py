"""What refusing each hostile file costs: in one process after another file, and from the start."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.untrusted import data_cases  # noqa: F401 - adds to CASES
from tests.untrusted.every_case import CASES

MEMORY, SECONDS = 2 * 2**30, 5.0  # seconds of work: a busy machine makes the clock no judge
HANGS = 300.0  # seconds by the clock
SCRIPT = """
import json, sys
from pathlib import Path
from tests.untrusted.judge import CASES, complaint, judge
home = Path(sys.argv[1])
for name in CASES:
    folder = home / name
    folder.mkdir()
    verdict = judge(name, folder)
    wrong = complaint(verdict)
    print(json.dumps({"name": name, "wrong": wrong, **verdict._asdict()}), flush=True)
"""


def test_every_case_within_its_limits(tmp_path):
    """All in one process, whose memory is looked at for each file, with its children's."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    slowest, largest = (max(rows, key=lambda row: row[by]) for by in ("processor", "peak"))
    print(f"{len(rows)} hostile files refused")
    print(f"slowest: {slowest['name']}, {slowest['processor']:.2f} s of work")
    print(f"longest by the clock: {max(row['seconds'] for row in rows):.2f} s")
    print(f"largest: {largest['name']}, {largest['peak'] / 2**20:.0f} MB")
    assert [row["name"] for row in rows] == list(CASES)
    assert [row for row in rows if row["wrong"]] == []
    assert slowest["processor"] < SECONDS
    assert largest["peak"] < MEMORY


@pytest.fixture(scope="module")
def baseline(tmp_path_factory):
    """Seconds of work of a command that looks at a file of nonsense, by its first argument."""
    folder = tmp_path_factory.mktemp("baseline")
    (folder / "none.h5").write_bytes(b"nonsense")
    return {
        command: _run(_arguments(command, folder / "none.h5"), folder).processor
        for command in ("encode", "data")
    }


FROM_THE_START = (
    *("lambda.keras", "lambda.h5", "public-function-as-layer.keras", "zip-traversal"),
    *("zip-bomb-weights", "external-link.h5", "npz-bomb", "gzip-bomb", "hdf5-chunk-bomb"),
    *("hdf5-leads-to-a-pipe", "png-text-bomb", "idx-huge"),
)


@pytest.mark.parametrize("name", FROM_THE_START)
def test_from_the_start(tmp_path, baseline, name):
    """The whole command: its exit code, its sentence, its time and memory."""
    case = CASES[name]
    canary = tmp_path / "canary"
    (folder := tmp_path / "files").mkdir()
    path = case.make(folder, canary)
    canary.unlink(missing_ok=True)
    command = "encode" if case.door == "model" else "data"
    done = _run(_arguments(command, path), tmp_path)
    print(f"{name}: {done.processor - baseline[command]:+.2f} s, {done.peak / 2**20:.0f} MB")
    assert done.code == 2, done.stderr
    assert done.stderr.startswith("vaekit: ")
    assert done.stderr.count("\n") == 1
    assert not canary.exists()
    assert not (tmp_path / "z.h5").exists()
    assert done.processor < baseline[command] + SECONDS
    assert done.peak < MEMORY


def _arguments(command: str, path: Path) -> list[str]:
    if command == "data":
        return ["data", "info", str(path)]
    return ["encode", str(path), "--data", "digits", "--out", "z.h5"]


class Done(NamedTuple):
    """A command that ended. processor: seconds of work; peak: bytes of its largest process."""

    code: int
    stderr: str
    processor: float
    peak: int


def _run(arguments: list[str], folder: Path) -> Done:
    with (folder / "stderr").open("w+") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "vaekit", *arguments],
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=errors,
        )
        with _killed_after(process, HANGS):
            _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        errors.seek(0)
        said = errors.read()
    (folder / "stderr").unlink()
    worked = usage.ru_utime + usage.ru_stime
    return Done(process.returncode, said, worked, usage.ru_maxrss * 1024)


@contextmanager
def _killed_after(process: subprocess.Popen[bytes], seconds: float) -> Iterator[None]:
    timer = threading.Timer(seconds, process.kill)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
