"""`vaekit bench`: what it counts, measures, writes and compares, and what it refuses."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from click.testing import CliRunner
from keras import layers

from tests.parts import make_vae
from vaekit.benchmark.ceilings import Ceilings
from vaekit.benchmark.comparison import compare
from vaekit.benchmark.counting import Count, count_work
from vaekit.benchmark.limits import forward_limit, training_flop, training_limit
from vaekit.benchmark.results import data_name, measurement
from vaekit.benchmark.timing import measure
from vaekit.cli import main

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"
SMALL = [
    *("--image-size", "8", "--batch-sizes", "8,4", "--seconds", "0.05", "--runs", "2"),
    *("--encoder-opt", "width=4", "--decoder-opt", "width=4"),
]


def cli(*args):
    return CliRunner().invoke(main, [str(arg) for arg in args], prog_name="vaekit")


# counting


def test_arithmetic_of_the_tutorials_nets():
    vae = make_vae()
    whole = count_work(vae.posterior) + count_work(vae.decoder)
    # By hand: encoder 7,056 + 225,792 + 3,612,672 + 2 x 1,806,336 + 2 x 6,272; decoder 6,272 +
    # 2 x 1,806,336 + 7,225,344 + 451,584.
    assert whole.multiply_adds == 18_766_608
    assert whole.weights == 227_667
    assert whole.uncounted == ()
    assert training_flop(whole) == pytest.approx(112.6e6, rel=1e-3)


@pytest.mark.parametrize(
    ("layer", "multiply_adds", "values"),
    [
        (layers.Conv2D(6, 3, padding="same"), 8 * 8 * 9 * 4 * 6, 8 * 8 * 6),
        (layers.Conv2D(6, 3, strides=2, groups=2), 3 * 3 * 9 * 2 * 6, 3 * 3 * 6),
        (layers.Conv2DTranspose(6, 3, strides=2), 8 * 8 * 9 * 4 * 6, 17 * 17 * 6),
        (layers.DepthwiseConv2D(3), 6 * 6 * 9 * 4, 6 * 6 * 4),
        (layers.SeparableConv2D(5, 3), 6 * 6 * (9 * 4 + 4 * 5), 6 * 6 * 5),
        (layers.Dense(5), 8 * 8 * 4 * 5, 8 * 8 * 5),
        (layers.BatchNormalization(), 0, 0),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_arithmetic_of_a_layer(layer, multiply_adds, values):
    inputs = keras.Input((8, 8, 4))
    counted = count_work(keras.Model(inputs, layer(inputs)))
    assert (counted.multiply_adds, counted.values) == (multiply_adds, values)


def test_layers_within_layers_and_shared_ones_count_each_time():
    shared = layers.Dense(4)
    inner = keras.Sequential([layers.Input((4,)), shared, layers.ReLU()])
    inputs = keras.Input((4,))
    counted = count_work(keras.Model(inputs, shared(inner(inputs))))
    assert counted.multiply_adds == 2 * 16
    assert counted.weights == 20


def test_a_layer_of_unknown_arithmetic_is_named():
    inputs = keras.Input((4, 8))
    layer = layers.EinsumDense("abc,cd->abd", (None, 3), name="strange")
    assert count_work(keras.Model(inputs, layer(inputs))).uncounted == ("strange",)


def test_the_tighter_limit_counts():
    count = Count(multiply_adds=100, values=10, weights=0, uncounted=())
    fast_memory = forward_limit(count, 1, Ceilings(2000.0, 1e9), 4)
    assert fast_memory.images_per_s == fast_memory.by_arithmetic == 10.0
    slow_memory = training_limit(count, 1, Ceilings(1e9, 2000.0), 4)
    assert slow_memory.images_per_s == slow_memory.by_traffic == 10.0
    assert slow_memory.described(5.0)["share_of_limit"] == 0.5


def test_traffic_of_weights_is_shared_by_the_batch():
    count = Count(multiply_adds=1, values=0, weights=10, uncounted=())
    limits = [training_limit(count, batch, Ceilings(1.0, 1.0), 4).by_traffic for batch in (1, 8)]
    assert limits[1] == pytest.approx(8 * limits[0])


# timing


def test_first_call_and_warm_up_are_apart():
    asked = []
    measured = measure(asked.append, seconds=1e-4, runs=3)
    assert asked[0] == 1
    assert asked[-3:] == [measured.units_a_run] * 3
    assert len(measured.rates) == 3
    assert measured.warm_up_seconds >= 0


# the command


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """A result of everything but start-up, and what was printed."""
    out = tmp_path_factory.mktemp("bench") / "kit.json"
    done = cli("bench", *SMALL, "--measure", "training,encode,decode,sample", "--out", out)
    assert done.exit_code == 0, done.output
    return out, done.stdout


def test_result_says_what_when_and_where(measured):
    result = json.loads(measured[0].read_text())
    assert (result["format"], result["kind"]) == (1, "kit")
    assert {"date", "commit", "backend", "versions", "machine", "settings"} <= result.keys()
    subject = result["subject"]
    assert subject["image_shape"] == [8, 8, 1]
    assert subject["encoder_opt"] == {"width": 4}
    assert subject["precision"] == "float32"
    assert result["ceilings"]["flop_per_s"] > 1e8
    assert result["ceilings"]["bytes_per_s"] > 1e7


@pytest.mark.parametrize(
    ("source", "name"),
    [("/home/me/faces.h5", "faces.h5"), ("digits", "digits"), (None, "random images")],
)
def test_result_names_its_images_without_their_place(source, name):
    assert data_name(source) == name


def test_no_result_in_the_repository_has_a_path_of_a_machine():
    for path in (BENCHMARKS / "results").glob("*.json"):
        assert '"/' not in path.read_text("utf-8"), path.name


def test_every_speed_has_its_runs_and_its_share(measured):
    rows = json.loads(measured[0].read_text())["measurements"]
    speeds = [row for row in rows if row["unit"] == "images/s"]
    assert [(row["what"], row["batch_size"]) for row in speeds] == [
        (what, size) for what in ("training", "encode", "decode", "sample") for size in (4, 8)
    ]
    for row in speeds:
        assert len(row["values"]) == 2
        assert 0 < row["lowest"] <= row["median"] <= row["highest"]
        assert row["share_of_limit"] > 0
        assert row["first_call_seconds"] > 0
    (memory,) = [row for row in rows if row["what"].startswith("process memory")]
    assert memory["median"] > 1e8


def test_every_row_is_printed(measured):
    out, printed = measured
    rows = json.loads(out.read_text())["measurements"]
    lines = printed.splitlines()
    assert len(lines) == len(rows) + 2
    assert lines[0].startswith("training, batch 4 ")
    assert lines[-1] == f"Written to {out}."


@pytest.mark.slow
def test_start_up_is_of_whole_processes(tmp_path):
    out = tmp_path / "start.json"
    done = cli("bench", *SMALL, "--runs", "1", "--measure", "startup", "--out", out)
    assert done.exit_code == 0, done.output
    rows = {row["what"]: row for row in json.loads(out.read_text())["measurements"]}
    helped, first, beside = (rows[name]["median"] for name in rows)
    assert 0 < helped < first  # importing a backend takes longer than a help text
    assert beside > 0


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (["--encoder", "conv6"], "conv5"),
        (["--precision", "float8"], "precision"),
        (["--batch-sizes", "32;64"], "is not a list of batch sizes like 32,128."),
        (["--batch-sizes", "0"], "is not a list of batch sizes"),
        (["--measure", "training,sleep"], "'sleep' is none of training, encode"),
        (["--seconds", "0"], "--seconds"),
        (["--out", "nowhere/kit.json"], "There is no folder nowhere"),
        (["--data", "digits", "--batch-sizes", "2048"], "more than the 1617 training images"),
    ],
)
def test_bad_input_gets_a_sentence(args, sentence):
    done = cli("bench", *args)
    assert done.exit_code == 2
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


# comparing


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


# benchmarks/


def script(name, *args):
    command = [sys.executable, str(BENCHMARKS / name), *map(str, args)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300)


def test_readme_says_what_the_result_files_say():
    done = script("report.py", "--check")
    assert done.returncode == 0, done.stdout + done.stderr


def test_report_is_made_from_files_and_notices_a_change(tmp_path, measured):
    (tmp_path / "kit.json").write_bytes(measured[0].read_bytes())
    readme = tmp_path / "README.md"
    readme.write_text("before\n<!-- bench:start -->\nold\n<!-- bench:end -->\nafter\n")
    places = ("--results", tmp_path, "--readme", readme)
    assert script("report.py", "--check", *places).returncode == 1
    assert script("report.py", *places).returncode == 0
    assert script("report.py", "--check", *places).returncode == 0
    assert "| training, batch 4 (images/s) |" in (tmp_path / "report.md").read_text()
    text = readme.read_text()
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "old" not in text
    result = json.loads((tmp_path / "kit.json").read_text())
    result["measurements"][0]["median"] = 12345.0
    write(tmp_path / "kit.json", result)
    stale = script("report.py", "--check", *places)
    assert stale.returncode == 1
    assert "kit.png" in stale.stdout
    assert "report.md" in stale.stdout


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (["--peer", "torhc"], "'torhc' is not one of 'tutorial'"),
        (["--precision", "float8"], "'float8' is not one of"),
        (["--batch-sizes", "60001"], "A batch of 60001 is more than the 60000 images."),
        (["--data", "digits"], "28x28 grey images of 8 bits; those of digits are 8x8x1"),
    ],
)
def test_peers_refuse_bad_input_with_a_sentence(tmp_path, args, sentence):
    done = script("bench_peers.py", *args, "--out", tmp_path / "peers.json")
    assert done.returncode == 2
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


@pytest.fixture
def peers(monkeypatch, tmp_path):
    """What starts a peer's process on 64 images."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    from peers.turns import Process

    images = tmp_path / "images.npy"
    pixels = np.random.default_rng(0).integers(0, 256, (64, 28, 28, 1), dtype="uint8")
    np.save(images, pixels)

    def start(name):
        return Process(
            name,
            images=str(images),
            batch_size=8,
            precision="float32",
            seed=0,
            backend=keras.backend.backend(),
        )

    return start


@pytest.mark.slow
def test_peers_train_the_same_nets_from_the_same_weights(peers):
    firsts = []
    for name in ("tutorial", "vaekit"):
        process = peers(name)
        try:
            assert process.prepared["parameters"] == [227_667, 226_833]
            firsts.append(process.prepared["first_loss"])
            later = [process.ask("steps", count=4) for _ in range(3)][-1]
            assert later["loss"] < firsts[-1]
            assert later["seconds"] > 0
            stat = Path(f"/proc/{process.pid}/stat")
            if stat.exists():
                state = stat.read_text().rpartition(")")[2].split()[0]
                assert state == "T"  # it stands still until asked again
        finally:
            process.close()
    # Their images and draws differ: from other weights they would be further apart.
    assert firsts[0] == pytest.approx(firsts[1], rel=0.1)


@pytest.mark.backend
def test_repaired_tutorial_trains(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    from repaired_tutorial import compiled

    images = np.random.default_rng(0).random((32, 28, 28, 1), dtype="float32")
    history = compiled(seed=0).fit(
        images, images, epochs=3, batch_size=8, validation_data=(images, images), verbose=0
    )
    first, *_, last = history.history["loss"]
    assert last < first
    assert np.isfinite(history.history["val_loss"]).all()


def test_peer_that_is_not_installed_is_refused(peers):
    from peers.interface import Refused

    with pytest.raises(Refused, match=r"needs \w+, which is not installed"):
        peers("pythae")
