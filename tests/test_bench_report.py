"""`benchmarks/report.py`: what it makes of result files, what it calls stale, what it refuses."""

from __future__ import annotations

import importlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"
KIT = BENCHMARKS / "results" / "kit_cpu_tensorflow.json"


@pytest.fixture(scope="module")
def report():
    """The script's command, run in this process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(BENCHMARKS)
        main = importlib.import_module("report").main
    return lambda *args: CliRunner().invoke(main, [str(arg) for arg in args])


def test_readme_says_what_the_result_files_say():
    command = [sys.executable, str(BENCHMARKS / "report.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def places(tmp_path):
    """A folder of one result, and a README, as options; nothing is made of them yet."""
    (tmp_path / "kit.json").write_bytes(KIT.read_bytes())
    readme = tmp_path / "README.md"
    readme.write_text("before\n<!-- bench:start -->\nold\n<!-- bench:end -->\nafter\n")
    return ("--results", tmp_path, "--readme", readme)


@pytest.fixture
def made(places, report):
    """The same, with the report made of it."""
    assert report(*places).exit_code == 0
    return places


def test_report_is_made_from_files_and_notices_a_change(report, places, tmp_path):
    assert report("--check", *places).exit_code == 1
    assert report(*places).exit_code == 0
    assert report("--check", *places).exit_code == 0
    assert "| training, batch 32 (images/s) |" in (tmp_path / "report.md").read_text()
    text = (tmp_path / "README.md").read_text()
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "old" not in text
    result = json.loads(KIT.read_text("utf-8"))
    spread = dict.fromkeys(("median", "lowest", "highest"), 12345.0)
    result["measurements"][0].update(spread, values=[12345.0])
    (tmp_path / "kit.json").write_text(json.dumps(result))
    stale = report("--check", *places)
    assert stale.exit_code == 1
    assert "kit.png" in stale.stdout
    assert "report.md" in stale.stdout


@pytest.mark.parametrize("part", [slice(1000), slice(-12), slice(0), slice(100, None)])
def test_a_damaged_picture_is_stale_and_drawn_again(report, made, tmp_path, part):
    picture = tmp_path / "kit.png"
    picture.write_bytes(picture.read_bytes()[part])
    done = report("--check", *made)
    assert (done.exit_code, done.stderr) == (1, "")
    assert done.stdout == f"Stale: {picture}. Run python benchmarks/report.py.\n"
    assert report(*made).exit_code == 0
    assert report("--check", *made).exit_code == 0


def test_a_picture_whose_result_is_gone_is_stale_and_removed(report, made, tmp_path):
    left, mine = tmp_path / "gone.png", tmp_path / "mine.png"
    shutil.copy(tmp_path / "kit.png", left)
    mine.write_bytes(b"a picture of another's")
    done = report("--check", *made)
    assert done.exit_code == 1
    assert done.stdout == f"Stale: {left}. Run python benchmarks/report.py.\n"
    assert report(*made).exit_code == 0
    assert not left.exists()
    assert mine.exists()
    assert report("--check", *made).exit_code == 0


def without(name):
    """The kit's result without one of its fields."""
    return {key: value for key, value in json.loads(KIT.read_text("utf-8")).items() if key != name}


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize(
    ("result", "sentence"),
    [
        ({"format": 1, "measurements": []}, "kind: field required"),
        ({"format": 1, "kind": "kit", "measurements": [{}]}, "backend: field required"),
        ({**without("kind"), "kind": "kti"}, "is of the kind 'kti', which the report doesn't know"),
        ({**without("kind"), "kind": "peers"}, "measurements.0.kit: field required"),
        ({**without("kind"), "kind": "recipe_search"}, "measurements.0.curve: field required"),
        ({**without("kind"), "kind": "time_to_quality"}, "runs: field required"),
        ({**without("kind"), "kind": "streaming", "measurements": []}, "measurements: "),
        (without("machine"), "machine: field required"),
        (without("date"), "date: field required"),
        (without("subject"), "subject: field required"),
    ],
)
def test_a_result_that_cant_be_shown_is_refused(report, places, tmp_path, check, result, sentence):
    (tmp_path / "odd.json").write_text(json.dumps(result))
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    done = report(*(["--check"] if check else []), *places)
    assert done.exit_code == 2, done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"report: {tmp_path / 'odd.json'} is ")
    assert sentence in line
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_result_without_speeds_is_shown(report, places, tmp_path):
    result = json.loads(KIT.read_text("utf-8"))
    result.update(measurements=result["measurements"][-3:], ceilings=None)
    (tmp_path / "kit.json").write_text(json.dumps(result))
    done = report(*places)
    assert (done.exit_code, done.stderr) == (0, "")


def test_building_and_all_ceilings_are_shown(report, places, tmp_path):
    result = json.loads(KIT.read_text("utf-8"))
    result["measurements"][0]["build_seconds"] = 12.5
    result["ceilings"]["dtype"] = "bfloat16"
    result["other_ceilings"] = [{"dtype": "float32", "flop_per_s": 2e9, "bytes_per_s": 3e9}]
    (tmp_path / "kit.json").write_text(json.dumps(result))
    assert report(*places).exit_code == 0
    text = (tmp_path / "report.md").read_text()
    assert "built in 12.5 s, first call 0.8 s, apart" in text
    assert "GFLOP/s in a matrix product of bfloat16, " in text
    assert "2.0 GFLOP/s in a matrix product of float32, 3.0 GB/s in a copy" in text
