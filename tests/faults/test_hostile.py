"""What refusing each hostile file costs: in one process after another file, and from the start."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.untrusted import data_cases  # noqa: F401 - adds to CASES
from tests.untrusted.cases import CASES

MEMORY, SECONDS = 2 * 2**30, 5.0
SCRIPT = """
import json, sys
from pathlib import Path
from tests.untrusted.judge import CASES, complaint, judge
home = Path(sys.argv[1])
for name in CASES:
    folder = home / name
    folder.mkdir()
    verdict = judge(name, folder)
    facts = {"name": name, "seconds": verdict.seconds, "peak": verdict.peak, "said": verdict.said}
    print(json.dumps(facts | {"wrong": complaint(verdict)}), flush=True)
"""


def test_every_case_within_its_limits(tmp_path, record_property):
    """All in one process, whose memory is looked at for each file, with its children's."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    slowest, largest = (max(rows, key=lambda row: row[by]) for by in ("seconds", "peak"))
    print(f"{len(rows)} hostile files refused")
    print(f"slowest: {slowest['name']}, {slowest['seconds']:.2f} s")
    print(f"largest: {largest['name']}, {largest['peak'] / 2**20:.0f} MB")
    assert [row["name"] for row in rows] == list(CASES)
    assert [row for row in rows if row["wrong"]] == []
    assert slowest["seconds"] < SECONDS
    assert largest["peak"] < MEMORY


@pytest.fixture(scope="module")
def baseline():
    """Seconds that a command takes which looks at a file that isn't there, by first argument."""
    found = {}
    for command in ("encode", "data"):
        started = time.perf_counter()
        _run(_arguments(command, Path("none.h5")), Path.cwd())
        found[command] = time.perf_counter() - started
    return found


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
    started = time.perf_counter()
    code, stderr, peak = _run(_arguments(command, path), tmp_path)
    seconds = time.perf_counter() - started
    assert code == 2, stderr
    assert stderr.startswith("vaekit: ")
    assert stderr.count("\n") == 1
    assert not canary.exists()
    assert not (tmp_path / "z.h5").exists()
    assert seconds < baseline[command] + SECONDS
    assert peak < MEMORY


def _arguments(command: str, path: Path) -> list[str]:
    if command == "data":
        return ["data", "info", str(path)]
    return ["encode", str(path), "--data", "digits", "--out", "z.h5"]


def _run(arguments: list[str], folder: Path) -> tuple[int, str, int]:
    """Exit code, standard error and the most memory of one process among it and its children."""
    with (folder / "stderr").open("w+") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "vaekit", *arguments],
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=errors,
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        errors.seek(0)
        said = errors.read()
    (folder / "stderr").unlink()
    return process.returncode, said, usage.ru_maxrss * 1024
