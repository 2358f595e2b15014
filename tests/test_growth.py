"""`vaekit bench --measure growth` and `many-runs`: exponents, verdicts, refusals, and how shown."""

from __future__ import annotations

import importlib
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from vaekit.benchmark.exponents import BEYOND, WITHIN, growth_of
from vaekit.benchmark.many_runs import ALLOWED, growth_a_run
from vaekit.cli import main

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"
SIZES = (100, 200, 400, 800)
SMALL = [
    *("--image-size", "8", "--batch-sizes", "4", "--runs", "1"),
    *("--encoder", "small", "--encoder-opt", "width=4"),
    *("--decoder", "small", "--decoder-opt", "width=4"),
]


def cli(*args):
    return CliRunner().invoke(main, [str(arg) for arg in args], prog_name="vaekit")


def times(of):
    return [[of(n), 1.05 * of(n)] for n in SIZES]


@pytest.mark.parametrize(
    ("cost", "work", "exponent", "verdict"),
    [
        (lambda n: n / 1e3, lambda n: n, 1.0, WITHIN),
        (lambda n: 1 + n / 1e6, lambda n: n, 0.0, WITHIN),
        (lambda n: n**2 / 1e6, lambda n: n, 2.0, BEYOND),
        (lambda n: n**2 / 1e6, lambda n: n**2, 2.0, WITHIN),
        (lambda n: n / 1e3, lambda n: 7.0, 1.0, BEYOND),
        # A square that all but the last size hide behind what is fixed.
        (lambda n: 1 + (n / 300) ** 4 / 10, lambda n: n, None, BEYOND),
    ],
    ids=["linear", "fixed", "square", "square work", "fixed work", "late"],
)
def test_a_cost_is_held_against_its_work(cost, work, exponent, verdict):
    growth = growth_of(SIZES, [work(n) for n in SIZES], times(cost))
    if exponent is not None:
        assert growth.exponent == pytest.approx(exponent, abs=0.01)
    assert growth.verdict == verdict


def test_what_lies_within_the_spread_is_no_growth():
    work = [float(n) for n in SIZES]
    steep = [[n**1.5 / 1e3] for n in SIZES]
    assert growth_of(SIZES, work, steep).verdict == BEYOND
    # The first two took as long once as a linear cost would have.
    slow = [[steep[0][0], 3 * steep[0][0]], *steep[1:2], [*steep[2], 4 * steep[2][0]], steep[3]]
    assert growth_of(SIZES, work, slow).verdict == WITHIN


def test_a_leak_is_told_from_what_comes_and_goes():
    flat = [1e9 + (5e7 if run % 3 else 0) + 1e7 * min(run, 20) for run in range(200)]
    assert growth_a_run(flat) == 0
    leaking = [held + 1e6 * run for run, held in enumerate(flat)]
    assert growth_a_run(leaking) == pytest.approx(1e6, rel=0.03)
    assert growth_a_run(leaking) > ALLOWED


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (["growth,training"], "growth is measured alone: name nothing beside it."),
        (["training,many-runs"], "many-runs is measured alone"),
        (["growth", "--data", "digits"], "--measure growth makes its images itself: leave --data"),
        (["many-runs"], "5 runs say nothing of what stays: ask for 20 at least, as --runs 200."),
    ],
)
def test_bad_input_gets_a_sentence(args, sentence):
    done = cli("bench", "--measure", *args)
    assert done.exit_code == 2
    assert sentence in done.stderr


@pytest.mark.slow
def test_each_stage_has_its_seconds_its_exponent_and_its_verdict(tmp_path, report):
    done = cli("bench", "--measure", "growth", *SMALL, "--out", tmp_path / "growth.json")
    assert done.exit_code == 0, done.output
    result = json.loads((tmp_path / "growth.json").read_text())
    seconds = [row for row in result["measurements"] if row["unit"] == "s"]
    exponents = [row for row in result["measurements"] if row["unit"] == "exponent"]
    assert len(seconds) == 4 * len(exponents) == 4 * 4 * 9
    works = {row["what"]: row["work_exponent"] for row in exponents}
    for what in ("training by images", "training by epochs", "reading a file by pixels"):
        assert works[what] == pytest.approx(1, abs=0.1)
    assert works["saving by images"] == pytest.approx(0, abs=1e-6)
    assert "training by epochs" in done.output
    assert report("--results", tmp_path, "--readme", readme(tmp_path)).exit_code == 0


@pytest.mark.slow
def test_memory_of_many_runs_is_flat(tmp_path, report):
    args = ("--runs", "40", "--out", tmp_path / "many.json")
    done = cli("bench", "--measure", "many-runs", *SMALL, *args)
    assert done.exit_code == 0, done.output
    result = json.loads((tmp_path / "many.json").read_text())
    held, growth = result["measurements"]
    assert len(held["values"]) == 40
    assert growth["verdict"] == "flat", growth
    assert report("--results", tmp_path, "--readme", readme(tmp_path)).exit_code == 0


# how it is shown


@pytest.fixture(scope="module")
def report():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(BENCHMARKS)
        main = importlib.import_module("report").main
    return lambda *args: CliRunner().invoke(main, [str(arg) for arg in args])


def readme(folder):
    path = folder / "README.md"
    path.write_text("<!-- bench:start -->\n<!-- bench:end -->\n")
    return path


def spread(value):
    return {**dict.fromkeys(("median", "lowest", "highest"), value), "values": [value]}


def made_up(kind, rows):
    head = json.loads((BENCHMARKS / "results" / "kit_cpu_tensorflow.json").read_text())
    kept = ("format", "date", "commit", "backend", "versions", "machine", "subject", "settings")
    return json.dumps({**{key: head[key] for key in kept}, "kind": kind, "measurements": rows})


def test_growth_and_memory_are_shown(report, tmp_path):
    rows = []
    for axis in ("images", "epochs"):
        where = {"axis": axis, "stage": "reading", "better": "lower"}
        rows += [
            {**where, "what": f"{n} {axis}", "unit": "s", "size": n, "work": n, **spread(0.01 * n)}
            for n in SIZES
        ]
        verdict = {"work_exponent": 1.0, "last": 1.0, "verdict": WITHIN}
        exponent = {"what": f"reading by {axis}", "unit": "exponent", **verdict, **spread(1.0)}
        rows.append({**where, **exponent})
    held = {"what": "process memory", "unit": "bytes", "better": "lower", **spread(1e9)}
    growth = {"what": "growth", "unit": "bytes/run", "better": "lower", "verdict": "flat"}
    (tmp_path / "growth.json").write_text(made_up("growth", rows))
    (tmp_path / "many.json").write_text(made_up("many_runs", [held, {**growth, **spread(0.0)}]))
    done = report("--results", tmp_path, "--readme", readme(tmp_path))
    assert done.exit_code == 0, done.output
    text = (tmp_path / "report.md").read_text()
    assert "| reading | epochs | 1.00 | 1.00 | no faster than its work |" in text
    assert "flat" in text
    assert (tmp_path / "growth.png").exists()
    del rows[0]["work"]
    (tmp_path / "growth.json").write_text(made_up("growth", rows))
    refused = report("--results", tmp_path, "--readme", readme(tmp_path))
    assert "seconds need their size and work" in refused.stderr
