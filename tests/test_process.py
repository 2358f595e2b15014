"""The program as a user starts it: real processes, pipes, terminals and Ctrl-C."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import vaekit

KIT = [sys.executable, "-m", "vaekit"]
SCRIPT = Path(sys.executable).with_name("vaekit")
EPOCH_STEPS = 600
# One image a step makes an epoch last seconds, so that a Ctrl-C after the first comes within one.
LONG = [
    *("--data", "digits", "--limit", str(EPOCH_STEPS), "--batch-size", "1", "--out", "run"),
    *("--encoder-opt", "width=8", "--decoder-opt", "width=8"),
]


# What is said before the first epoch of the tutorial's loss on MNIST.
LEGEND = [
    "Read ./mnist: 256 images of 28x28x1 to train on, 64 to validate on.",
    "loss, minimised: reconstruction + kl, that is 1000 x mean squared error + KL.",
    "elbo, in nats, the larger the better: a bound on log p(x) for values that are",
    "  normal with sigma 0.626. No constant is left out, so it may differ from -loss.",
    "All numbers are means over images, (val ...) over held-out ones.",
]


def environment(**more):
    """This process's own, without what it made of it when it chose its backend."""
    ours = ("TF_CPP_MIN_LOG_LEVEL", "COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR")
    return {name: value for name, value in os.environ.items() if name not in ours} | more


def finish(command, folder):
    return subprocess.run(
        command, cwd=folder, env=environment(), capture_output=True, text=True, timeout=300
    )


def record_of(folder):
    return json.loads((folder / "run.json").read_text())


def left_over(folder):
    return [path for path in folder.rglob("*") if path.name.startswith(".writing-")]


# the main job


def write_idx(path, array):
    head = struct.pack(">BBBB", 0, 0, 0x08, array.ndim)
    path.write_bytes(head + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes())


@pytest.fixture(scope="module")
def main_job(tmp_path_factory):
    """The tutorial's VAE on a folder like MNIST's: 28x28, train and test, with labels."""
    folder = tmp_path_factory.mktemp("job")
    digits = vaekit.load_data("digits").train
    pixels = (digits.pixels[:320, ..., 0] * 255).round().astype(np.uint8)
    pixels = np.pad(pixels.repeat(3, axis=1).repeat(3, axis=2), ((0, 0), (2, 2), (2, 2)))
    assert pixels.shape == (320, 28, 28)
    labels = digits.labels[:320].astype(np.uint8)
    source = folder / "mnist"
    source.mkdir()
    for prefix, which in (("train", slice(256)), ("t10k", slice(256, 320))):
        write_idx(source / f"{prefix}-images-idx3-ubyte", pixels[which])
        write_idx(source / f"{prefix}-labels-idx1-ubyte", labels[which])
    job = [*KIT, "train", "--encoder", "conv5", "--decoder", "deconv4", "--data", "./mnist"]
    done = finish([*job, "--epochs", "1", "--seed", "0", "--out", "run"], folder)
    return folder / "run", done


def test_main_job_succeeds_and_says_so_plainly(main_job):
    _, done = main_job
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert "\x1b" not in done.stdout
    assert "\r" not in done.stdout
    *legend, epoch, more, saved = done.stdout.splitlines()
    assert legend == LEGEND
    number = r"-?[\d.]+"
    loss = rf"epoch 1/1  loss {number} \(val {number}\) = reconstruction {number} \+ kl {number}"
    assert re.fullmatch(loss, epoch)
    elbo = rf"elbo {number} \(val {number}\) nats  active_units \d \(val \d\)"
    assert re.fullmatch(rf"  {elbo}  {number} s  [\d,]+ images/s", more)
    assert saved == "Saved in run: models, history.csv, run.json, figures/ and report.html."


def test_main_job_leaves_the_run(main_job):
    run, _ = main_job
    record = record_of(run)
    assert record["status"] == "complete"
    assert record["image_shape"] == [28, 28, 1]
    assert record["data"]["validation"] == "test set"
    assert (record["data"]["training_images"], record["data"]["validation_images"]) == (256, 64)
    assert record["training"]["steps_done"] == 8
    names = {path.name for path in run.iterdir()}
    assert names >= {"run.json", "history.csv", "VAE.h5", "VAE_encoder.h5", "VAE_decoder.h5"}
    assert names >= {"VAE.keras", "VAE_encoder.keras", "VAE_decoder.keras", "figures"}
    assert not left_over(run)
    assert np.isfinite(vaekit.load(run).history[-1]["val_loss"])


@pytest.mark.parametrize(
    "command",
    [
        ["encode", "run", "--data", "./mnist", "--out", "z.h5"],
        ["sample", "run", "-n", "3", "--out", "s.png"],
    ],
)
def test_other_commands_keep_standard_error_clean(main_job, command):
    """Keras must not be imported before its backend, and the silence around it, are chosen."""
    done = finish([SCRIPT, *command], main_job[0].parent)
    assert (done.returncode, done.stderr) == (0, "")


# starting


def test_console_script():
    done = subprocess.run([SCRIPT, "--version"], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, f"vaekit, version {vaekit.__version__}\n")
    same = subprocess.run([*KIT, "--version"], capture_output=True, text=True, timeout=60)
    assert same.stdout == done.stdout


@pytest.mark.parametrize("args", [["--help"], ["train", "--help"], ["--version"]])
def test_help_imports_nothing_heavy(args):
    code = (
        "import sys\nfrom vaekit.cli import main\n"
        "main(sys.argv[1:], standalone_mode=False)\nprint(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *args], check=True, capture_output=True, text=True
    )
    loaded = {name.partition(".")[0] for name in done.stderr.split()}
    assert "click" in loaded
    heavy = {"keras", "tensorflow", "jax", "torch", "numpy", "h5py", "matplotlib", "sklearn"}
    assert not loaded & {*heavy, "PIL", "rich", "vaekit_resnet"}
    assert "vaekit.default_plugins" not in done.stderr.split()


# Ctrl-C


@pytest.fixture(scope="module")
def interrupted(tmp_path_factory):
    """A run that got one SIGINT in its second epoch, and what the process said."""
    folder = tmp_path_factory.mktemp("interrupted")
    with subprocess.Popen(
        [*KIT, "train", *LONG, "--epochs", "2"],
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        while not process.stdout.readline().startswith("epoch 1/2  "):
            assert process.poll() is None
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=300)
    return folder, process.returncode, out, err


def test_ctrl_c_saves_and_says_how_to_go_on(interrupted):
    folder, code, out, err = interrupted
    assert (code, err) == (130, "")
    (line,) = out.splitlines()
    found = re.fullmatch(
        r"Stopped after (\d+) steps \(1 whole epochs?\); saved in run\. "
        r"Go on with: vaekit resume run",
        line,
    )
    assert found, line
    steps = int(found[1])
    assert EPOCH_STEPS <= steps < 2 * EPOCH_STEPS  # it didn't wait for the epoch's end
    record = record_of(folder / "run")
    assert record["status"] == "interrupted"
    assert record["training"]["steps_done"] == steps
    assert (folder / "run" / "VAE_encoder.h5").exists()
    assert vaekit.load(folder / "run").sample(2).shape == (2, 8, 8, 1)
    assert not left_over(folder)


def test_resume_completes_what_ctrl_c_cut(interrupted):
    folder = interrupted[0]
    done = finish([SCRIPT, "resume", "run"], folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert "\nepoch 2/2  loss " in done.stdout
    assert "\nepoch 1/2  " not in done.stdout
    record = record_of(folder / "run")
    assert (record["status"], record["training"]["steps_done"]) == ("complete", 2 * EPOCH_STEPS)
    assert [row["epoch"] for row in vaekit.load(folder / "run").history] == [1, 2]
    assert (folder / "run" / "figures" / "reconstructions.png").exists()


class Terminal:
    """A process on a terminal of its own, and everything that it has shown."""

    def __init__(self, command, folder):
        self.shown = ""
        env = environment(TERM="xterm", COLUMNS="150", LINES="30")
        self.pid, self.master = pty.fork()
        if not self.pid:  # the child, whose terminal this is
            os.chdir(folder)
            os.execve(command[0], command, env)

    def read(self, seconds):
        """What comes within some seconds is added to `shown`; False once the process has ended."""
        if select.select([self.master], [], [], seconds)[0]:
            try:
                self.shown += os.read(self.master, 65536).decode(errors="replace")
            except OSError:
                return False
        return True

    def read_until(self, pattern):
        ends = time.monotonic() + 180
        while not re.search(pattern, self.shown):
            assert self.read(0.2), self.shown[-2000:]
            assert time.monotonic() < ends, self.shown[-2000:]

    def press_ctrl_c(self):
        os.write(self.master, b"\x03")

    def wait(self):
        """The exit code, negative for a signal."""
        while self.read(1):
            pass
        _, status = os.waitpid(self.pid, 0)
        os.close(self.master)
        self.pid = None
        return os.waitstatus_to_exitcode(status)

    def stop(self):
        if self.pid is not None:
            os.kill(self.pid, signal.SIGKILL)
            self.wait()


@pytest.fixture
def terminal(tmp_path):
    opened = Terminal([*KIT, "train", *LONG, "--epochs", "50"], tmp_path)
    yield opened
    opened.stop()


def test_terminal_shows_a_bar_and_a_second_ctrl_c_ends_at_once(terminal, tmp_path):
    pattern = r"epoch 1/50 [^\n]*\d+%[^\n]* [\d,]+ images/s[^\n]*\d:\d\d[^\n]* loss "
    terminal.read_until(pattern)
    assert "\x1b[" in terminal.shown
    terminal.press_ctrl_c()
    # The first is heeded once a checkpoint is there; the models are yet to be saved.
    ends = time.monotonic() + 120
    while not list((tmp_path / "run" / "checkpoints").glob("step-*")):
        assert time.monotonic() < ends
        time.sleep(0.002)
    began = time.monotonic()
    terminal.press_ctrl_c()
    while terminal.read(0.5):
        # Python swallows, and tells, a KeyboardInterrupt that falls into a collector's callback.
        if "Exception ignored in" in terminal.shown:
            terminal.press_ctrl_c()
    code = terminal.wait()
    assert time.monotonic() - began < 20
    assert code in (1, 130)
    assert "Traceback" not in terminal.shown or "Exception ignored in" in terminal.shown
    assert "Saved in" not in terminal.shown
    assert "Stopped after" not in terminal.shown
    assert not left_over(tmp_path)
    assert record_of(tmp_path / "run")["status"] == "interrupted"
    # What the first saved is still good.
    assert vaekit.load(tmp_path / "run").sample(2).shape == (2, 8, 8, 1)
