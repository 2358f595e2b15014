"""`vaekit bench`: what it counts, measures, writes and compares, and what it refuses."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path

import keras
import numpy as np
import pytest
from click.testing import CliRunner
from keras import layers

from tests.parts import make_vae
from vaekit.benchmark import suite
from vaekit.benchmark.ceilings import Ceilings
from vaekit.benchmark.counting import Count, count_work
from vaekit.benchmark.limits import forward_limit, training_flop, training_limit
from vaekit.benchmark.results import data_name
from vaekit.benchmark.timing import measure
from vaekit.cli import main
from vaekit.kernels.replaced import replaced

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"
SMALL = [
    *("--image-size", "8", "--batch-sizes", "8,4", "--seconds", "0.05", "--runs", "2"),
    *("--encoder", "small-map", "--encoder-opt", "width=4"),
    *("--decoder", "small", "--decoder-opt", "width=4"),
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


def test_counting_waits_for_another_thread_that_has_keras_changed():
    inputs = keras.Input((4,))
    counting = threading.Thread(target=count_work, args=[keras.Model(inputs, inputs)])
    with replaced(layers.Layer):
        counting.start()
        counting.join(1)
        assert counting.is_alive()
    counting.join()


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


def test_a_map_with_classes_and_a_learned_prior_is_measured_too(tmp_path):
    out = tmp_path / "kit.json"
    asked = ("--latent-opt", "grid=true", "--condition", "labels", "--prior", "mixture")
    measures = ("--measure", "training,encode,decode,sample")
    done = cli("bench", *SMALL, *asked, "--loss", "elbo", *measures, "--out", out)
    assert done.exit_code == 0, done.output
    result = json.loads(out.read_text())
    speeds = [row for row in result["measurements"] if row["unit"] == "images/s"]
    assert len(speeds) == 8
    assert all(row["lowest"] > 0 for row in speeds)
    subject = result["subject"]
    assert (subject["latent"], subject["prior"]) == ("normal", "mixture")
    assert (subject["latent_shape"], subject["condition"]) == ([2, 2, 2], "labels")


@pytest.mark.parametrize(
    ("source", "name"),
    [("/data/faces.h5", "faces.h5"), ("digits", "digits"), (None, "random images")],
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
    assert all(("build_seconds" in row) == (row["what"] == "training") for row in speeds)
    assert speeds[0]["build_seconds"] > 0
    (memory,) = [row for row in rows if row["what"].startswith("process memory")]
    assert memory["median"] > 1e8
    assert memory["batch_size"] == 8  # the largest, which takes most


def test_peak_of_memory_is_of_training_alone(monkeypatch):
    seen = []

    def ceilings(*_, **__):
        seen.append("ceilings")
        return Ceilings(1.0, 1.0)

    monkeypatch.setattr(suite, "measure_ceilings", ceilings)
    monkeypatch.setattr(suite, "process_peak_bytes", lambda: seen.append("peak"))
    assert cli("bench", *SMALL, "--measure", "training").exit_code == 0
    assert seen == ["peak", "ceilings"]


@pytest.mark.slow  # 2 GB
@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing is inherited")
def test_peak_of_memory_is_not_the_parents():
    code = """
import subprocess, sys
held = b"1" * 2**31
ask = "from vaekit.benchmark.device import process_peak_bytes; print(process_peak_bytes())"
subprocess.run([sys.executable, "-c", ask])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert 0 < int(done.stdout) < 2**31


def test_only_training_is_in_the_precision_asked_for(tmp_path, monkeypatch):
    rates = {"float32": Ceilings(1e9, 1e9), "bfloat16": Ceilings(4e9, 1e9)}
    monkeypatch.setattr(suite, "measure_ceilings", lambda dtype, **_: rates[dtype])
    out = tmp_path / "mixed.json"
    asked = (*SMALL, "--precision", "mixed_bfloat16", "--measure", "training,encode,decode,sample")
    done = cli("bench", *asked, "--out", out)
    assert done.exit_code == 0, done.output
    result = json.loads(out.read_text())
    rows = {r["what"]: r for r in result["measurements"] if r["unit"] == "images/s"}
    assert {what: row["precision"] for what, row in rows.items()} == {
        "training": "mixed_bfloat16",
        **dict.fromkeys(("encode", "decode", "sample"), "float32"),
    }
    nets = {"encoder": "small-map", "decoder": "small", "decoder_opt": {"width": 4}}
    decoder = count_work(make_vae((8, 8, 1), **nets).decoder)
    limit = forward_limit(decoder, 8, rates["float32"], 4)
    assert rows["decode"]["limit_by_arithmetic"] == limit.by_arithmetic
    assert rows["decode"]["limit_by_traffic"] == limit.by_traffic
    assert result["ceilings"] == {"dtype": "bfloat16", **rates["bfloat16"]._asdict()}
    assert result["other_ceilings"] == [{"dtype": "float32", **rates["float32"]._asdict()}]
    assert "4.0 GFLOP/s, 1.0 GB/s; bfloat16 on " in done.stdout
    assert "1.0 GFLOP/s, 1.0 GB/s; float32 on " in done.stdout


def test_every_row_is_printed(measured):
    out, printed = measured
    rows = json.loads(out.read_text())["measurements"]
    lines = printed.splitlines()
    assert len(lines) == len(rows) + 2
    assert lines[0].startswith("training, batch 4 ")
    assert lines[-1] == f"Written to {out}."


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (["--encoder", "conv6"], "conv5"),
        (["--precision", "float8"], "precision"),
        (["--batch-sizes", "32;64"], "is not a list of batch sizes like 32,128."),
        (["--batch-sizes", "0"], "is not a list of batch sizes"),
        (["--measure", "training,sleep"], "'sleep' is none of training, encode"),
        (["--batch-sizes", "²"], "'²' is not a list of batch sizes"),
        (["--batch-sizes", "999999999"], "There is no memory for 999999999 images"),
        (["--latent", "deterministic", *SMALL], "--measure training,encode,decode,startup"),
        *((["--seconds", text], "--seconds") for text in ("0", "-1", "nan", "inf")),
        (["--out", "nowhere/kit.json"], "There is no folder nowhere"),
        (
            ["--data", "digits", "--batch-sizes", "2048"],
            "more than the 1617 training images of digits; choose a smaller --batch-sizes.",
        ),
    ],
)
def test_bad_input_gets_a_sentence(args, sentence):
    done = cli("bench", *args)
    assert done.exit_code == 2
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("place", ["folder", "/proc/x.json", "nowhere/x.json", "9" * 300])
def test_a_place_that_cant_be_written_to_is_refused_before_measuring(tmp_path, monkeypatch, place):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    monkeypatch.setattr(suite, "run_suite", lambda *_, **__: pytest.fail("it was measured"))
    done = cli("bench", "--out", place)
    assert done.exit_code == 2, done.output
    assert Path(place).name in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert [path.name for path in tmp_path.rglob("*")] == ["folder"]


# benchmarks/


def script(name, *args):
    command = [sys.executable, str(BENCHMARKS / name), *map(str, args)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300)


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


@pytest.mark.slow
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
