"""What is faster on a machine: measured in turn, kept, chosen, and never changed under a run."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
from click.testing import CliRunner

import vaekit
from tests.small_nets import SMALL_NETS
from vaekit.autotune import cache, measure, racer, tune
from vaekit.autotune.cache import Measurement, Raced
from vaekit.autotune.combination import USUAL, combinations, usual_of
from vaekit.autotune.length import is_long
from vaekit.autotune.machine import machine_of
from vaekit.autotune.race import Race, race
from vaekit.autotune.racer import RaceError, Racer
from vaekit.autotune.tuning import chosen_of, faster_backend
from vaekit.cli import main
from vaekit.config import TrainConfig
from vaekit.errors import OptionError

ROOT = Path(__file__).parent.parent
OPEN = dict.fromkeys(("onednn", "threads", "allocator", "kernels"))
STOCK, OFF = USUAL._replace(kernels="stock"), USUAL._replace(onednn=False)
KEEP = OFF._replace(allocator="keep")


@pytest.fixture
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("VAEKIT_AUTOTUNE", raising=False)
    return tmp_path / "cache" / "vaekit"


def measured(rates, machine=None, failed=None):
    raced = [Raced(combination=one, rates=values) for one, values in rates.items()]
    machine = machine or machine_of("tensorflow", None)
    return Measurement(machine=machine, measured="2026-11-29T12:00:00", raced=raced, failed=failed)


def kept(measurement):
    """As an earlier run left it."""
    cache.file_of(measurement.machine).parent.mkdir(parents=True)
    cache.write(measurement)


def racing(monkeypatch, rates):
    """Let a measurement give these rates; the list has what was entered, a time each."""
    asked = []

    def raced(entered, *, settings):
        asked.append(entered)
        return Race(rates, rates, "cpu:0")

    monkeypatch.setattr(measure, "race", raced)
    return asked


# What is chosen


@pytest.mark.parametrize(
    ("rates", "values"),
    [
        ({USUAL: [100, 101], OFF: [120, 121]}, {"onednn": False}),
        ({USUAL: [100, 101], OFF: [104, 104]}, {}),  # less than a twentieth
        ({USUAL: [100, 100, 100], OFF: [130, 99, 130]}, {}),  # a round wasn't won
        ({USUAL: [100, 100], OFF: [150]}, {}),  # it was given up
        ({USUAL: [100, 100], OFF: [119, 119], KEEP: [120, 120]}, {"onednn": False}),
        ({USUAL: [100, 100], OFF: [80], KEEP: [130, 130]}, {"onednn": False, "allocator": "keep"}),
        ({USUAL: [100, 100], STOCK: [130, 130]}, {"kernels": "stock"}),
        ({USUAL: [100, 100], USUAL._replace(threads=4): [130, 130]}, {"threads": 4}),
        ({USUAL: [100, 100], USUAL._replace(xla=True): [300, 300]}, {}),  # never by itself
    ],
)
def test_what_is_clearly_faster_is_chosen_and_departs_least(rates, values):
    chosen = chosen_of(measured(rates), OPEN)
    assert dict(chosen.values) == values
    assert chosen.choice.value == "measured"
    assert set(values) <= set(chosen.reasons)


def test_what_was_asked_for_stays_and_the_rest_is_chosen_beside_it():
    rates = {USUAL: [100, 100], STOCK: [90, 90], OFF: [150, 150], KEEP: [200, 200]}
    asked = {**OPEN, "allocator": "system"}
    assert dict(chosen_of(measured(rates), asked).values) == {"onednn": False}
    assert "allocator" not in chosen_of(measured(rates), asked).reasons
    asked = {**OPEN, "onednn": False}
    assert dict(chosen_of(measured(rates), asked).values) == {"allocator": "keep"}
    asked = {**OPEN, "threads": 7}  # which nobody measured
    assert dict(chosen_of(measured(rates), asked).values) == {}


def test_xla_is_named_where_it_is_faster():
    rates = {USUAL: [100, 100], USUAL._replace(xla=True): [300, 300]}
    assert chosen_of(measured(rates), OPEN).reasons["xla"].startswith("with it 3.00 x as fast")


def test_a_faster_backend_is_named_from_what_was_measured_alone():
    own = usual_of("jax")
    sentence = faster_backend(measured({own: [80, 82], USUAL: [340, 344]}))
    assert "TensorFlow trains the tutorial's nets at 342 images/s and JAX at 81" in sentence
    assert faster_backend(measured({own: [340, 340], USUAL: [344, 330]})) == ""
    assert faster_backend(measured({own: [340, 340]})) == ""


def test_on_a_gpu_what_is_for_processors_is_not_measured():
    there = combinations(gpu=True, glibc=True, fewer_threads=8)
    assert {one.onednn for one in there} == {True}
    assert {one.xla for one in there} == {True, False}
    here = combinations(gpu=False, glibc=False, fewer_threads=None)
    assert {one.allocator for one in here} == {"system"}
    assert here[0] == there[0] == USUAL


# When


@pytest.mark.parametrize(
    ("asked", "data", "long"),
    [
        ({}, None, True),  # MNIST, or its sample, by the tutorial's epochs
        ({"epochs": 1}, None, False),
        ({"limit": 4999}, None, False),
        ({"limit": 5000}, None, True),
        ({"data": "digits"}, None, False),  # 1,617 images, twenty times
        ({"data": "digits", "epochs": 100}, None, True),
        ({"data": "no-such"}, None, False),  # refused by whoever reads it
        ({"data": "./nowhere.npz"}, None, False),
        ({"epochs": 10}, np.zeros((10_000, 4, 4), "uint8"), True),
        ({"epochs": 9}, np.zeros((10_000, 4, 4), "uint8"), False),
        ({"epochs": 9}, (np.zeros((10_000, 4, 4), "uint8"), np.zeros(10_000)), False),
    ],
)
def test_a_run_is_long_by_its_images_in_all_epochs(asked, data, long):
    assert is_long(TrainConfig.checked(asked), data) is long


def test_images_of_files_are_counted(tmp_path):
    np.savez(tmp_path / "some.npz", images=np.arange(256, dtype="uint8").reshape(4, 8, 8))
    for number in range(3):
        (tmp_path / f"{number}.png").write_bytes(b"")
    config = TrainConfig.checked({"data": str(tmp_path / "some.npz"), "epochs": 25_000})
    assert is_long(config, None)
    assert not is_long(config.model_copy(update={"epochs": 24_999}), None)
    assert is_long(config.model_copy(update={"data": str(tmp_path)}), None)


def test_it_is_measured_once_and_again_when_asked_for(own_cache, monkeypatch):
    asked, said = racing(monkeypatch, {USUAL: [100, 100], STOCK: [130, 130]}), []
    config = TrainConfig.checked({"autotune": "on"})
    first = tune(config, None, "tensorflow", said.append)
    assert dict(first.values) == {"kernels": "stock"}
    assert "Measuring once" in said[0]
    assert tune(config, None, "tensorflow", said.append) == first
    assert (len(asked), len(said)) == (1, 1)
    tune(config.model_copy(update={"autotune": "again"}), None, "tensorflow", said.append)
    assert (len(asked), len(said)) == (2, 2)


@pytest.mark.parametrize(
    ("options", "variable", "why"),
    [
        ({"autotune": "off"}, "on", "as autotune asks"),
        ({}, "off", "as VAEKIT_AUTOTUNE asks"),
        ({"limit": 96}, "", "the run is short: under 100,000 images, all epochs together"),
        ({"workers": 2, "autotune": "on"}, "", "several workers take what is usual"),
    ],
)
def test_where_nothing_is_measured_the_reason_is_told(
    own_cache, monkeypatch, options, variable, why
):
    asked = racing(monkeypatch, {})
    monkeypatch.setenv("VAEKIT_AUTOTUNE", variable)
    tuning = tune(TrainConfig.checked(options), None, "tensorflow", pytest.fail)
    assert (tuning.choice.value, tuning.choice.why) == ("off", why)
    assert (asked, dict(tuning.values)) == ([], {})


def test_an_unknown_wish_of_the_environment_is_refused(own_cache, monkeypatch):
    monkeypatch.setenv("VAEKIT_AUTOTUNE", "please")
    with pytest.raises(OptionError, match="VAEKIT_AUTOTUNE can't be 'please'"):
        tune(TrainConfig(), None, "tensorflow", pytest.fail)


def test_on_another_backend_the_faster_one_is_said_once(own_cache, monkeypatch):
    racing(monkeypatch, {usual_of("torch"): [80, 80], USUAL: [340, 340]})
    config, said = TrainConfig.checked({"autotune": "on"}), []
    for _ in range(2):
        tuning = tune(config, None, "torch", said.append)
        assert not tuning.values
        assert "TensorFlow trains" in tuning.choice.why  # which --verbose tells each time
    assert [line.partition(" ")[0] for line in said] == ["Measuring", "On"]


# What is kept


def test_a_failure_is_kept_so_that_the_next_run_chooses_alike(own_cache, monkeypatch):
    def fail(entered, *, settings):
        raise RaceError("it took too long")

    monkeypatch.setattr(measure, "race", fail)
    config = TrainConfig.checked({"autotune": "on"})
    first = tune(config, None, "tensorflow", lambda text: None)
    assert first.choice.why == "the measurement failed: it took too long"
    monkeypatch.setattr(measure, "race", pytest.fail)
    assert tune(config, None, "tensorflow", pytest.fail) == first


def test_without_memory_nothing_is_started(own_cache, monkeypatch):
    asked = racing(monkeypatch, {})
    monkeypatch.setattr(measure, "free_memory", lambda: 2**30)
    tuning = tune(TrainConfig.checked({"autotune": "on"}), None, "tensorflow", lambda text: None)
    assert "GiB of memory" in tuning.choice.why
    assert not asked


def test_where_nothing_can_be_kept_nothing_is_measured(own_cache, monkeypatch):
    asked = racing(monkeypatch, {USUAL: [100], STOCK: [130]})
    own_cache.parent.mkdir()
    own_cache.write_text("a file in the folder's place")
    tuning = tune(TrainConfig.checked({"autotune": "on"}), None, "tensorflow", pytest.fail)
    assert tuning.choice.value == "off"
    assert "can't be written" in tuning.choice.why
    assert not asked


def _damaged(path, machine):
    good = measured({USUAL: [1.0]}, machine).model_dump(mode="json")
    return {
        "cut": path.read_text()[:-40],
        "empty": "",
        "not a text": b"\xff\xfe\x00",
        "a pickle": b"\x80\x04\x95cos\nsystem\n",
        "another machine": json.dumps({**good, "machine": {**machine, "cores": 99}}),
        "another format": json.dumps({**good, "format": 2}),
        "no rates": json.dumps({**good, "raced": [{**good["raced"][0], "rates": []}]}),
        "nothing": json.dumps({**good, "raced": []}),
        "NaN": json.dumps(good).replace("1.0", "NaN"),
        "deep": "[" * 100_000,
        "large": json.dumps(good) + " " * 2**18,
    }


@pytest.mark.parametrize("how", list(_damaged(Path(__file__), machine_of("tensorflow", None))))
def test_a_damaged_or_foreign_file_is_measured_again(own_cache, monkeypatch, how):
    asked = racing(monkeypatch, {USUAL: [100, 100], STOCK: [130, 130]})
    machine = machine_of("tensorflow", None)
    kept(measured({USUAL: [1.0]}, machine))
    path = cache.file_of(machine)
    assert cache.read(machine) is not None
    content = _damaged(path, machine)[how]
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    tuning = tune(TrainConfig.checked({"autotune": "on"}), None, "tensorflow", lambda text: None)
    assert dict(tuning.values) == {"kernels": "stock"}
    assert len(asked) == 1
    assert cache.read(machine).rates[STOCK] == [130, 130]


def test_it_holds_for_one_processor_and_its_versions(monkeypatch):
    before = machine_of("tensorflow", None)
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "AVX2")
    masked = machine_of("tensorflow", None)
    assert masked != before
    assert cache.file_of(masked) != cache.file_of(before)
    assert {"python", "tensorflow", "keras", "vaekit"} <= set(before["versions"])


def test_one_process_at_a_time_measures(own_cache):
    machine = machine_of("tensorflow", None)
    with (
        cache.alone(machine, wait=0),
        pytest.raises(vaekit.VaekitError, match="another process is measuring"),
        cache.alone(machine, wait=0),
    ):
        pytest.fail("both were let in")


# The race


@pytest.fixture
def made_up(monkeypatch):
    """Racers that answer as they are told, and train nothing."""
    monkeypatch.setattr(racer, "_MODULE", "tests.made_up_turns")
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])

    def environment(**speeds):
        told = {name.replace("_", " "): speed for name, speed in speeds.items()}
        return {"PYTHONPATH": path, "SPEEDS": json.dumps(told)}

    return environment


def test_all_are_raced_in_turn_and_the_hopeless_stop(made_up):
    speeds = made_up(True_fused=1000, True_stock=700, False_fused=1200)
    result = race([USUAL, STOCK, OFF], environment=speeds, seconds=0.1, rounds=3, limit=60)
    assert list(result.rates) == [USUAL, STOCK, OFF]
    assert [len(rates) for rates in result.rates.values()] == [3, 1, 3]
    assert result.processor_rates[OFF] == [60.0] * 3
    assert result.device == "cpu:0"


@pytest.mark.parametrize("how", ["fails", "crashes"])
def test_one_that_cannot_train_is_left_out(made_up, how):
    speeds = made_up(True_fused=1000, True_stock=1000, False_fused=how)
    result = race([USUAL, STOCK, OFF], environment=speeds, seconds=0.1, rounds=1, limit=60)
    assert list(result.rates) == [USUAL, STOCK]


@pytest.mark.parametrize(
    ("how", "why"), [("fails", "no such kernel"), ("crashes", "SIGSEGV"), ("hangs", "too long")]
)
def test_without_the_usual_one_there_is_no_race(made_up, how, why):
    speeds = made_up(True_fused=how, True_stock=1000)
    with pytest.raises(RaceError, match=why):
        race([USUAL, STOCK], environment=speeds, seconds=0.1, rounds=1, limit=2)
    children = psutil.Process().children(recursive=True)
    assert not [child for child in children if "tests.made_up_turns" in child.cmdline()]


def test_a_racer_ends_with_its_parent(made_up, tmp_path):
    environment = {**os.environ, **made_up(True_fused="hangs"), "PID_FILE": str(tmp_path / "pid")}
    code = (
        "import time; from vaekit.autotune import racer; racer._MODULE = 'tests.made_up_turns'; "
        "r = racer.Racer({'onednn': True}); r.ask('fused', False, 32, 1.0); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], env=environment) as parent:
        while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
            time.sleep(0.05)
        child = psutil.Process(int((tmp_path / "pid").read_text()))
        parent.send_signal(signal.SIGKILL)
    assert child.wait(timeout=20) in (1, None)


# The run


def test_a_run_is_trained_by_what_was_measured_and_goes_on_by_it(own_cache, tmp_path):
    kept(measured({USUAL: [100.0, 100.0], STOCK: [150.0, 150.0]}))
    small = [
        "--data",
        "digits",
        "--limit",
        "48",
        "--batch-size",
        "16",
        "--out",
        str(tmp_path / "a"),
    ]
    small += [word for name, value in SMALL_NETS.items() for word in (f"--{name}", value)]
    told = CliRunner().invoke(
        main, ["train", *small, "--epochs", "1", "--autotune", "on", "--verbose"]
    )
    assert told.exit_code == 0, told.output
    line = next(line for line in told.stdout.splitlines() if line.startswith("kernels"))
    assert "stock" in line
    assert "measured on this machine, 2026-11-29: 150 images/s, 1.50 x what is usual" in line

    for file in (own_cache / "autotune").glob("*.json"):
        file.unlink()  # what goes on asks nobody
    again = CliRunner().invoke(main, ["train", *small, "--epochs", "2", "--resume"])
    assert again.exit_code == 0, again.output
    run = vaekit.resume(tmp_path / "a", epochs=3, progress=False)
    assert run.record.chosen("kernels") == run.record.config.kernels == "stock"
    assert run.record.choices["kernels"].why in line
    assert run.record.chosen("autotune") == "measured"
    assert run.record.changes == []

    refused = CliRunner().invoke(
        main, ["train", *small, "--epochs", "4", "--resume", "--kernels", "fused"]
    )
    assert refused.exit_code == 2
    assert "kernels: was stock, is fused" in refused.stderr


@pytest.mark.slow
def test_onednn_is_chosen_before_tensorflow_loads_and_taken_again_by_resume(own_cache, tmp_path):
    """In processes of their own, as a user has them."""

    def command(*args):
        child = subprocess.run(
            [sys.executable, "-m", "vaekit", *args],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=240,
        )
        assert child.returncode == 0, child.stderr
        return child.stdout

    kept(measured({USUAL: [100.0, 100.0], KEEP: [150.0, 150.0]}))
    small = ["train", "--data", "digits", "--limit", "48", "--batch-size", "16", "--out", "run"]
    command(*small, "--epochs", "1", "--autotune", "on")
    first = json.loads((tmp_path / "run" / "run.json").read_text())
    assert first["choices"]["onednn"]["value"] == "off"
    assert first["choices"]["allocator"]["value"] == "keep"
    for file in (own_cache / "autotune").glob("*.json"):
        file.unlink()
    command("resume", "run", "--epochs", "2")
    command(*small, "--epochs", "3", "--resume")
    last = json.loads((tmp_path / "run" / "run.json").read_text())
    assert last["choices"]["onednn"] == first["choices"]["onednn"]
    assert last["changes"] == []


@pytest.mark.slow
def test_a_real_child_trains():
    with Racer({"onednn": False, "threads": 1, "device": "cpu"}) as child:
        for kernels in ("fused", "stock"):
            child.ask(kernels, False, 8, 0.2)
            turn = child.answer(time.monotonic() + 300)
            assert turn.rate > 0
            assert turn.processor_rate > 0
            assert turn.device == "cpu:0"


@pytest.mark.slow
def test_xla_computes_the_same_up_to_rounding(tmp_path):
    losses = []
    for xla in (False, True):
        run = vaekit.train(
            data="digits",
            limit=48,
            epochs=2,
            batch_size=16,
            latent="deterministic",  # since XLA draws other noise
            xla=xla,
            out=str(tmp_path / str(xla)),
            progress=False,
        )
        assert run.record.chosen("xla") == ("on" if xla else "off")
        losses.append([row["loss"] for row in run.history])
    np.testing.assert_allclose(losses[1], losses[0], rtol=1e-5)
