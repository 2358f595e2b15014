"""What the kit chooses for the machine: told, recorded, and set by hand."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

import keras
import numpy as np
import pytest
from click.testing import CliRunner

import vaekit
from tests.small_nets import SMALL_NETS
from vaekit.cli import main
from vaekit.errors import UserError
from vaekit.startup.compilation import choose_compilation, choose_xla
from vaekit.startup.device import on_cpu
from vaekit.startup.onednn import choose_onednn
from vaekit.startup.threads import choose_threads

SMALL = ["--data", "digits", "--limit", "48", "--epochs", "1", "--batch-size", "8"]
NAMES = ["preset", "backend", "autotune", "device", "threads", "allocator", "onednn", "precision"]
NAMES += ["kernels", "compile", "xla", "steps_per_call", "data"]


def command(*args, cwd, **environment):
    return subprocess.run(
        [sys.executable, "-m", "vaekit", *args],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=240,
    )


@pytest.fixture(scope="module")
def by_itself(tmp_path_factory):
    """A run of this process, whose TensorFlow chose everything by itself."""
    folder = tmp_path_factory.mktemp("choices") / "run"
    result = CliRunner().invoke(
        main, ["train", *SMALL, "--verbose", "--out", str(folder)], prog_name="vaekit"
    )
    assert result.exit_code == 0, result.output
    return folder, result.stdout


def test_verbose_tells_each_choice_with_its_reason(by_itself):
    _, told = by_itself
    _, *told_lines = told.splitlines()  # the first says what was read
    lines = [line.split(maxsplit=2) for line in told_lines[: len(NAMES)]]
    assert [name for name, _, _ in lines] == NAMES
    assert all(why for _, _, why in lines)
    assert "epoch 1/1" in "".join(told_lines[len(NAMES) :])  # so all that was before the first step


def test_the_record_keeps_them(by_itself):
    folder, _ = by_itself
    choices = json.loads((folder / "run.json").read_text())["choices"]
    assert list(choices) == NAMES
    assert choices["compile"]["value"] == "on"
    assert choices["steps_per_call"]["value"] == "adapted"
    assert choices["onednn"]["value"] == "on"


@pytest.mark.slow
def test_all_is_set_by_hand_and_bits_that_differ_are_no_resume(by_itself, tmp_path):
    hand = ["--device", "cpu", "--threads", "1", "--allocator", "keep", "--no-onednn"]
    hand += ["--steps-per-call", "3"]
    done = command("train", *SMALL, *hand, "--verbose", "--out", "run", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    choices = json.loads((tmp_path / "run" / "run.json").read_text())["choices"]
    values = {name: choice["value"] for name, choice in choices.items()}
    assert values["device"].startswith("cpu")
    assert (values["threads"], values["allocator"], values["onednn"]) == ("1", "keep", "off")
    assert values["steps_per_call"] == "3"
    assert "as --threads asks" in done.stdout

    resumed = command("resume", "run", "--epochs", "2", cwd=tmp_path)
    assert resumed.returncode == 0, resumed.stderr  # so it started as the run had
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    again = {name: choice["value"] for name, choice in record["choices"].items()}
    assert (again, record["changes"]) == (values, [])

    more = [*SMALL, "--epochs", "2", "--out", str(by_itself[0]), "--resume"]
    refused = command("train", *more, *hand, cwd=tmp_path)
    assert refused.returncode == 2
    listed = [line.split(":")[0].strip() for line in refused.stderr.splitlines() if ": was" in line]
    assert listed == ["threads", "onednn"]  # neither steps a call nor the allocator


def test_steps_a_call_change_no_bit(tmp_path):
    weights = []
    for number, steps in enumerate((1, 5)):
        run = vaekit.train(
            data="digits",
            limit=96,
            epochs=1,
            batch_size=8,
            steps_per_call=steps,
            out=str(tmp_path / str(number)),
            progress=False,
            **SMALL_NETS,
        )
        weights.append([np.array(v.numpy()) for v in run.model.variables])
    for one, five in zip(*weights, strict=True):
        np.testing.assert_array_equal(one, five)


def test_a_callback_that_looks_at_batches_gets_each(tmp_path):
    class Counting(keras.callbacks.Callback):
        seen = 0

        def on_train_batch_end(self, batch, logs=None):
            self.seen += 1

    counting = Counting()
    run = vaekit.train(
        data="digits",
        limit=48,
        epochs=1,
        batch_size=8,
        steps_per_call=4,
        callbacks=[counting],
        out=str(tmp_path / "run"),
        progress=False,
        **SMALL_NETS,
    )
    assert counting.seen == 6
    assert run.record.choices["steps_per_call"].value == "1"


@pytest.mark.parametrize(
    ("args", "match"),
    [
        (["--no-compile"], "on tensorflow the engine compiles every step"),
        (["--threads", "0"], "threads can't be 0"),
        (["--threads", "99999999999"], "--threads 99999999999 is more than 64 for each of the"),
        (["--threads", "77"], "TensorFlow is already running with .* threads in this process"),
        (["--steps-per-call", "257"], "--steps-per-call can't be 257: .*less than or equal to 256"),
        (["--no-onednn"], "TensorFlow is already loaded in this process"),
        (["--device", "gpu"], "There is no GPU here that tensorflow can use"),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence(tmp_path, args, match):
    if args == ["--device", "gpu"] and not on_cpu():
        pytest.skip("this machine has a GPU")
    out = tmp_path / "run"
    result = CliRunner().invoke(
        main, ["train", *SMALL, *args, "--out", str(out)], prog_name="vaekit"
    )
    assert result.exit_code == 2
    assert re.match(f"vaekit: .*{match}", result.stderr)
    assert not out.exists()


def test_what_is_only_for_one_backend_is_refused_on_others():
    with pytest.raises(UserError, match="about TensorFlow's kernels, and this is torch"):
        choose_onednn("torch", False)
    with pytest.raises(UserError, match="JAX takes as many threads as it has cores"):
        choose_threads("jax", 2)
    with pytest.raises(UserError, match="compile=False is about torch: on jax"):
        choose_compilation("jax", False)
    with pytest.raises(UserError, match="is about TensorFlow, and this is jax, which always goes"):
        choose_xla("jax", True)


def test_compiling_wants_a_compiler(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CXX", raising=False)
    with pytest.raises(UserError, match="there is no C\\+\\+ compiler"):
        choose_compilation("torch", True)


@pytest.mark.parametrize(("began", "value"), [(None, "off"), ("on", "on"), ("off", "off")])
def test_torch_compiles_what_was_compiled_from_the_start(began, value):
    assert choose_compilation("torch", None, began=began).value == value
