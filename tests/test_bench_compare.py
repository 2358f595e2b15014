"""`vaekit bench compare`: what counts as slower, what is compared at all, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from vaekit.benchmark.comparison import compare
from vaekit.benchmark.results import measurement
from vaekit.cli import main

RESULTS = Path(__file__).parent.parent / "benchmarks" / "results"


def cli(*args):
    return CliRunner().invoke(main, [str(arg) for arg in args], prog_name="vaekit")


def result_of(*values, what="training", unit="images/s", better="higher", **more):
    row = measurement(what, unit, values, better=better, batch_size=32)
    return {"format": 1, "kind": "kit", "backend": "jax", "measurements": [row], **more}


@pytest.mark.parametrize(
    ("old", "new", "verdict"),
    [
        ((100, 110), (80, 99), "slower"),
        ((100, 110), (90, 105), "same"),
        ((100, 110), (111, 120), "faster"),
    ],
)
def test_slower_is_beyond_the_spread(old, new, verdict):
    (change,) = compare(result_of(*old), result_of(*new))
    assert change.verdict == verdict
    assert change.worse == (verdict == "slower")


def test_more_seconds_are_slower_and_more_bytes_are_more():
    seconds = {"unit": "s", "better": "lower"}
    assert compare(result_of(1.0, **seconds), result_of(2.0, **seconds))[0].verdict == "slower"
    memory = {"unit": "bytes", "better": "lower"}
    assert compare(result_of(1.0, **memory), result_of(2.0, **memory))[0].worse


def write(path, result):
    path.write_text(json.dumps(result))
    return path


def test_compare_says_what_became_slower_and_ends_with_one(tmp_path):
    old, new = write(tmp_path / "a", result_of(100)), write(tmp_path / "b", result_of(50))
    done = cli("bench", "compare", old, new)
    assert done.exit_code == 1
    assert "training, batch 32" in done.stdout
    assert "0.50 x  slower" in done.stdout
    assert cli("bench", "compare", new, old).exit_code == 0


def test_compare_says_that_the_versions_differ(tmp_path):
    old = write(tmp_path / "a", result_of(1, versions={"keras": "3.15"}))
    new = write(tmp_path / "b", result_of(1, versions={"keras": "3.16"}))
    assert "keras was 3.15, and is 3.16." in cli("bench", "compare", old, new).stdout


def test_compare_refuses_what_it_cant_compare(tmp_path):
    good = write(tmp_path / "a", result_of(100))
    other = write(tmp_path / "b", result_of(100, what="encode"))
    broken = tmp_path / "c"
    broken.write_text("{")
    for bad, sentence in (
        (other, "no measurement in common"),
        (broken, "is not JSON"),
        (tmp_path / "d", "No such file"),
        (write(tmp_path / "e", {"format": 1}), "is not a result of vaekit"),
    ):
        done = cli("bench", "compare", good, bad)
        assert done.exit_code == 2
        assert sentence in done.stderr


KIT = json.loads((RESULTS / "kit_cpu_tensorflow.json").read_text("utf-8"))
PEERS = json.loads((RESULTS / "peers_cpu_tensorflow.json").read_text("utf-8"))


def changed(result, *place, to=None):
    """A copy of a result with one thing changed, or without it."""
    copied = json.loads(json.dumps(result))
    inner = copied
    for key in place[:-1]:
        inner = inner[key]
    if to is None:
        del inner[place[-1]]
    else:
        inner[place[-1]] = json.loads(to)
    return copied


ROW = ("measurements", 0)


@pytest.mark.parametrize(
    ("place", "to"),
    [
        (ROW, "1"),
        (("kind",), None),
        (("kind",), "3"),
        ((*ROW, "median"), None),
        ((*ROW, "median"), "NaN"),
        ((*ROW, "median"), "0"),
        ((*ROW, "median"), "1e999"),
        ((*ROW, "lowest"), '"a"'),
        ((*ROW, "lowest"), "null"),
        ((*ROW, "highest"), "true"),
        ((*ROW, "values"), "[]"),
        ((*ROW, "what"), "[]"),
        ((*ROW, "batch_size"), '"32"'),
        ((*ROW, "unit"), None),
        ((*ROW, "better"), '"more"'),
        (("subject",), "3"),
        (("machine",), "null"),
        (("versions",), "[]"),
        (("choices",), '{"threads": 2}'),
    ],
)
def test_a_damaged_file_is_refused_with_a_sentence(tmp_path, place, to):
    good = write(tmp_path / "good.json", KIT)
    bad = write(tmp_path / "bad.json", changed(KIT, *place, to=to))
    for pair in ((good, bad), (bad, good)):
        done = cli("bench", "compare", *pair)
        assert done.exit_code == 2, done.output
        (line,) = done.stderr.splitlines()
        assert line.startswith(f"vaekit: {bad} is not a result of vaekit's benchmarks")
        assert not done.stdout


@pytest.mark.parametrize("row", ["kit", "ratio"])
@pytest.mark.parametrize("to", ["1", '{"median": 1}', '{"median": 0, "values": [0]}'])
def test_a_damaged_file_of_peers_is_refused_with_a_sentence(tmp_path, row, to):
    bad = write(tmp_path / "bad.json", changed(PEERS, *ROW, row, to=to))
    done = cli("bench", "compare", bad, bad)
    assert done.exit_code == 2, done.output
    assert str(bad) in done.stderr


def test_brackets_without_end_are_not_json(tmp_path):
    deep = tmp_path / "deep.json"
    deep.write_text("[" * 100_000)
    done = cli("bench", "compare", deep, deep)
    assert (done.exit_code, done.stderr) == (2, f"vaekit: {deep} is not JSON.\n")


def slowed(result):
    """A file of peers in which the kit alone takes twice as long."""
    copied = json.loads(json.dumps(result))
    for row in copied["measurements"]:
        for part, keys in (("kit", ("median",)), ("ratio", ("median", "lowest", "highest"))):
            row[part]["values"] = [value / 2 for value in row[part]["values"]]
            row[part].update({key: row[part][key] / 2 for key in keys})
    return copied


def test_among_peers_it_is_seen_that_the_kit_became_slower(tmp_path):
    old, new = write(tmp_path / "old", PEERS), write(tmp_path / "new", slowed(PEERS))
    done = cli("bench", "compare", old, new)
    assert done.exit_code == 1
    verdicts = {line.split("  ")[0]: line.split()[-1] for line in done.stdout.splitlines()}
    assert verdicts["training of tutorial, batch 32"] == "same"
    assert verdicts["training of vaekit beside tutorial, batch 32"] == "slower"
    assert verdicts["training, vaekit over tutorial, batch 32"] == "slower"
    back = cli("bench", "compare", new, old)
    assert back.exit_code == 0
    assert "faster" in back.stdout


@pytest.mark.parametrize(
    ("name", "to"),
    [
        ("latent_dim", "8"),
        ("encoder_opt", '{"width": 32}'),
        ("decoder_opt", '{"width": 32}'),
        ("loss_opt", '{"weight": 1.0}'),
        ("latent", '"deterministic"'),
        ("prior", '"vamp"'),
        ("latent_shape", "[2, 2, 2]"),
        ("condition", '"labels"'),
        ("data", '"digits"'),
    ],
)
def test_different_nets_are_not_compared(tmp_path, name, to):
    old = write(tmp_path / "old", KIT)
    new = write(tmp_path / "new", changed(KIT, "subject", name, to=to))
    done = cli("bench", "compare", old, new)
    assert done.exit_code == 2
    assert f"no measurement in common: they differ in {name} (" in done.stderr


def test_what_was_measured_before_latents_were_parts_is_the_tutorials(tmp_path):
    now = {"latent": "normal", "latent_opt": {"grid": False}, "latent_shape": [2], "prior": None}
    new = json.loads(json.dumps(KIT))
    new["subject"] |= {**now, "prior_opt": {}, "condition": None, "condition_code": "one-hot"}
    assert not now.keys() & KIT["subject"].keys()
    assert [change.verdict for change in compare(KIT, new)] == ["same"] * len(compare(KIT, KIT))


def test_rows_of_another_batch_size_are_others():
    old = result_of(100, what="process memory, peak", unit="bytes", better="lower")
    new = json.loads(json.dumps(old))
    new["measurements"][0]["batch_size"] = 64
    for result in (old, new):
        result["measurements"].append(measurement("vaekit --help", "s", [1.0], better="lower"))
    assert [change.name for change in compare(old, new)] == ["vaekit --help"]


def test_compare_names_choices_settings_and_what_only_one_file_has(tmp_path):
    other = changed(KIT, "choices", "threads", "value", to='"4"')
    other = changed(other, "settings", "seconds", to="5.0")
    del other["measurements"][0]
    old, new = write(tmp_path / "old", KIT), write(tmp_path / "new", other)
    said = cli("bench", "compare", old, new).stdout
    assert "The choice of threads was 2, and is 4.\n" in said
    assert "The setting seconds was 2.0, and is 5.0.\n" in said
    assert f"Only in {old}: training, batch 32.\n" in said
    assert f"Only in {new}" not in said
    assert f"Only in {old}: training, batch 32.\n" in cli("bench", "compare", new, old).stdout


@pytest.mark.parametrize(("more", "verdict"), [(4096, "same"), (2**30, "more"), (-(2**29), "less")])
def test_a_single_value_has_a_tolerance(more, verdict):
    memory = {"what": "process memory, peak", "unit": "bytes", "better": "lower"}
    (change,) = compare(result_of(2**30, **memory), result_of(2**30 + more, **memory))
    assert change.verdict == verdict
