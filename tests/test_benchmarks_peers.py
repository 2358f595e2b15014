"""Peers and time to quality: what is refused, and what is kept when a part of it fails."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

pytestmark = pytest.mark.slow

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"


@pytest.fixture(autouse=True)
def _scripts(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))


def script(name, *args, **environment):
    return subprocess.run(
        [sys.executable, str(BENCHMARKS / name), *map(str, args)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=300,
    )


# among peers


@pytest.fixture
def peers(monkeypatch, tmp_path):
    """bench_peers with peers that only pretend; `fate` says how the one or other of them ends."""
    import bench_peers
    from peers.interface import Refused
    from peers.turns import Failed

    out = tmp_path / "peers.json"

    class Pretended:
        fate: dict = {}  # noqa: RUF012, the test's
        seen: list = []  # noqa: RUF012
        prepared: dict = {}  # noqa: RUF012

        def __init__(self, name, **job):
            self.name, self.size = name, job["batch_size"]
            rows = len(json.loads(out.read_text())["measurements"]) if out.exists() else 0
            self.seen.append((name, self.size, rows))
            self.meet("start")

        def meet(self, when):
            end = self.fate.get((self.name, when)) or self.fate.get((self.name, when, self.size))
            if end == "refused":
                raise Refused(f"The peer {self.name} can't.")
            if end:
                raise Failed(self.name, end)

        def ask(self, what):
            return {"backend": "jax"}

        def filling(self, seconds, most):
            return 1

        def rate(self, steps):
            self.meet("rate")
            return 2.0

        def close(self):
            pass

    def refuse(name, **how):
        if Pretended.fate.get((name, "start")) == "refused":
            raise Refused(f"The peer {name} can't.")

    monkeypatch.setattr(Pretended, "fate", {})
    monkeypatch.setattr(Pretended, "seen", [])
    monkeypatch.setattr(bench_peers, "Process", Pretended)
    monkeypatch.setattr(bench_peers, "refuse", refuse)

    def run(*args):
        command = ["--pairs", "1", "--out", str(out), *args]
        done = CliRunner().invoke(bench_peers.main, command)
        result = json.loads(out.read_text()) if out.exists() else None
        return done, result

    run.pretended = Pretended
    return run


def measured(result):
    return [(row["peer"], row["batch_size"]) for row in result["measurements"]]


def test_a_peer_that_fails_is_left_out_and_the_others_are_measured(peers):
    peers.pretended.fate["torch-compile", "rate"] = "no C compiler"
    done, result = peers("--batch-sizes", "32,64")
    assert done.exit_code == 0, done.output
    assert ("torch-compile", 32) not in measured(result)
    assert {("jax-scan", 32), ("jax-scan", 64)} <= set(measured(result))
    assert result["left_out"] == {
        "torch-compile": "At batch 32: The peer torch-compile failed: no C compiler"
    }
    tried = [size for name, size, _ in peers.pretended.seen if name == "torch-compile"]
    assert tried == [32]  # a larger batch takes more of whatever was short


def test_a_peer_that_was_asked_for_and_fails_ends_with_one_but_loses_no_other(peers):
    peers.pretended.fate["pythae", "start"] = "out of memory"
    named = ("--peer", "pythae", "--peer", "tutorial", "--peer", "pythae")
    done, result = peers(*named, "--batch-sizes", "32")
    assert done.exit_code == 1
    assert "bench_peers: At batch 32: The peer pythae failed: out of memory" in done.stderr
    assert measured(result) == [("tutorial", 32)]


def test_a_peer_that_was_asked_for_and_cant_be_had_is_refused_before_the_rest(peers):
    peers.pretended.fate["pythae", "start"] = "refused"
    done, result = peers("--peer", "tutorial", "--peer", "pythae")
    assert done.exit_code == 2
    assert done.stderr == "bench_peers: The peer pythae can't.\n"
    assert result is None
    assert peers.pretended.seen == []


def test_a_peer_that_nobody_asked_for_may_refuse(peers):
    peers.pretended.fate["pythae", "start"] = "refused"
    done, result = peers("--batch-sizes", "32")
    assert done.exit_code == 0
    assert result["left_out"] == {"pythae": "The peer pythae can't."}


def test_every_row_is_written_before_the_next_is_measured(peers):
    peers("--peer", "tutorial", "--peer", "pythae", "--peer", "jax-scan", "--batch-sizes", "32")
    assert [rows for name, _, rows in peers.pretended.seen if name != "vaekit"] == [0, 1, 2]


def test_the_kit_starts_again_after_it_failed(peers):
    peers.pretended.fate["vaekit", "rate", 32] = "it was ended by SIGKILL."
    done, result = peers("--peer", "tutorial", "--peer", "pythae", "--batch-sizes", "32,64")
    assert done.exit_code == 1
    assert "At batch 32: The peer vaekit failed: it was ended by SIGKILL." in done.stderr
    assert measured(result) == [("tutorial", 64), ("pythae", 64)]
    assert list(result["left_out"]) == ["vaekit beside tutorial", "vaekit beside pythae"]


def test_nothing_measured_is_nothing_written(peers):
    peers.pretended.fate["vaekit", "start"] = "it said nothing."
    done, result = peers("--peer", "tutorial")
    assert done.exit_code == 1
    assert "Nothing could be measured. At batch 32: The peer vaekit failed" in done.stderr
    assert result is None


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (["--seconds", "nan"], "nan is not a number of seconds"),
        (["--seconds", "inf"], "inf is not a number of seconds"),
        (["--seconds", "0"], "--seconds"),
        (["--seconds", "-1"], "--seconds"),
        (["--seed", "-1"], "--seed"),
        (["--batch-sizes", "²"], "'²' is not a list of batch sizes like 32,128."),
        (["--batch-sizes", "0"], "is not a list of batch sizes"),
        (["--out", "."], "is no file"),
        (["--out", "nowhere/peers.json"], "There is no folder nowhere"),
    ],
)
def test_bad_input_is_refused_before_anything_is_measured(peers, args, sentence):
    done, _ = peers(*args)
    assert done.exit_code == 2
    assert sentence in done.stderr
    assert peers.pretended.seen == []


def test_a_worker_tells_what_a_library_raised():
    from peers.turns import Failed, Worker

    worker = Worker("strange", "jax")
    try:
        with pytest.raises(Failed, match="The peer strange failed: KeyError: 'strange'"):
            worker.ask("check", precision="float32", backend="jax")
    finally:
        worker.close()


def test_a_worker_that_is_killed_is_told_as_that():
    from peers.turns import Failed, Worker

    worker = Worker("tutorial", "jax")
    try:
        os.kill(worker.pid, signal.SIGKILL)
        with pytest.raises(Failed, match="it was ended by SIGKILL"):
            worker.ask("steps", count=1)
    finally:
        worker.close()


def test_of_a_long_error_the_first_line_is_told():
    from peers.worker import _reason

    long = RuntimeError("\nFailed to find C compiler.\n\nSet TORCHDYNAMO_VERBOSE=1 for more.")
    assert _reason(long) == "RuntimeError: Failed to find C compiler."
    assert _reason(MemoryError()) == "MemoryError"


def test_what_torch_compile_needs_is_looked_for(monkeypatch, tmp_path):
    from peers import compilers

    for name in ("CC", "CXX", "TORCH_INDUCTOR_INSTALL_GXX"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "a C++ compiler" in compilers.missing_on_processor()
    monkeypatch.setattr(compilers.importlib.util, "find_spec", lambda name: None)
    assert compilers.missing_on_gpu() == "Triton on a GPU"
    monkeypatch.setattr(compilers.importlib.util, "find_spec", lambda name: object())
    assert "a C compiler" in compilers.missing_on_gpu()
    for name in ("gcc", "mine"):
        (tmp_path / name).touch(mode=0o755)
    monkeypatch.setenv("CXX", str(tmp_path / "mine"))
    assert compilers.missing_on_processor() is None
    monkeypatch.setattr(compilers.sysconfig, "get_path", lambda *of: str(tmp_path))
    assert "Python's headers" in compilers.missing_on_gpu()
    (tmp_path / "Python.h").touch()
    assert compilers.missing_on_gpu() is None


# time to quality


def run(who, seed, *points):
    options = [] if who == "tutorial" else ["--recipe", "fast"]
    curve = [{"seconds": at, "total": total} for at, total in points]
    return {"who": who, "seed": seed, "options": options, "curve": curve}


def rows_of(*runs, **settings):
    from time_to_quality import reached

    rows = reached(list(runs), {"epochs": 2, **settings})
    return {row["what"].removeprefix("vaekit --recipe fast, "): row["values"] for row in rows}


TUTORIAL = [run("tutorial", seed, (100, 60), (200, 50)) for seed in (0, 1)]


def test_start_up_and_compiling_are_told_apart():
    rows = rows_of(*TUTORIAL, run("vaekit", 0, (30, 55), (40, 52), (52, 49), (60, 48)))
    assert rows["until the tutorial's quality"] == [52]
    assert rows["start-up and compiling in it"] == [20]  # 30, of which an epoch is 10
    assert rows["until the tutorial's quality, after start-up and compiling"] == [32]


def test_the_tutorials_whole_time_is_told_from_a_few_epochs():
    paced = run("tutorial", 0, (110, 60), (200, 55), (300, 52), (380, 50))
    kit = run("vaekit", 0, (30, 55), (40, 49))
    rows = rows_of(paced, kit, epochs=20, pace=4, target=50)
    # The first epoch has the start in it; the others took 90, 100 and 80.
    assert rows["tutorial, whole time of 20 epochs, told from 4"] == [380 + 16 * 90]
    assert rows["share of the tutorial's time"] == [40 / 1820]
    assert "tutorial, last total" not in rows


def test_seeds_that_miss_the_quality_hide_no_others():
    good, bad = run("vaekit", 0, (30, 55), (40, 49)), run("vaekit", 1, (30, 55), (40, 51))
    rows = rows_of(*TUTORIAL, good, bad)
    assert rows["until the tutorial's quality"] == [40]
    assert rows["share of the tutorial's time"] == [0.2]
    assert rows["seeds that reach the tutorial's quality, of 2"] == [1]
    rows = rows_of(*TUTORIAL, bad)
    assert rows["seeds that reach the tutorial's quality, of 1"] == [0]
    assert "until the tutorial's quality" not in rows


def test_fast_is_set_against_the_same_nets_by_the_tutorials_recipe():
    from recipes import rows_of

    slow, quick, bad = (
        [{"seconds": s, "total": t} for s, t in points]
        for points in ([(100, 60), (200, 50)], [(30, 55), (40, 49)], [(30, 55), (40, 51)])
    )
    rows = rows_of({"a, tutorial": slow, "a, fast": quick, "b, tutorial": slow, "b, fast": bad})
    shares = {row["what"]: row["values"] for row in rows if "share" in row["what"]}
    assert shares == {"a, share of the tutorial's time until its loss": [0.2]}


def test_a_single_epoch_tells_nothing_of_compiling():
    rows = rows_of(*TUTORIAL, run("vaekit", 0, (30, 49)))
    assert rows["until the tutorial's quality"] == [30]
    assert "start-up and compiling in it" not in rows


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (["--seeds", "0,a"], "--seeds takes numbers like 0,1,2, not '0,a'."),
        (["--seeds", "-1"], "--seeds takes numbers"),
        (["--out", "nowhere/quality.json"], "There is no folder nowhere"),
        (["--pace", "3"], "--pace and --earlier are asked for together"),
    ],
)
def test_quality_refuses_bad_input_before_it_trains(tmp_path, args, sentence):
    out = [] if "--out" in args else ["--out", str(tmp_path / "quality.json")]
    done = script("time_to_quality.py", tmp_path, *args, *out)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
