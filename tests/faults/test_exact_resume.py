"""Killed at random steps, within an epoch, and resumed: every later loss is the same to the bit."""

from __future__ import annotations

import hashlib
import random
import signal
import time

import h5py
import pytest

from tests.faults.forks import serving
from vaekit.checkpoint import latest_checkpoint, read_checkpoint
from vaekit.data import load_data
from vaekit.run import verify_run

EPOCHS, STEPS = 3, 12
TRAIN = [
    *("train", "--limit", "48", "--batch-size", "4", "--epochs", EPOCHS),
    *("--encoder-opt", "width=4", "--decoder-opt", "width=4", "--out", "run", "--step-log"),
]
VARIANTS = {
    "plain": (),
    "stream": ("--data-budget", "6kB"),  # for 15 kB of images
    "schedule": ("--loss", "beta", "--loss-opt", "schedule=linear", "--loss-opt", "steps=30"),
    "adversary": ("--loss", "factor-vae"),
    "fast": ("--recipe", "fast", "--learning-rate", "0.001"),
}
CASES = [
    (backend, variant, 20 if variant == "plain" else 5)
    for variant in VARIANTS
    for backend in ("tensorflow", "torch", "jax")
]


@pytest.mark.parametrize(("backend", "variant", "cuts"), CASES)
def test_killed_and_resumed_is_uncut(tmp_path, backend, variant, cuts):
    if variant == "adversary":
        pytest.importorskip("vaekit_disentangle")
    generator = random.Random(f"{backend} {variant}")
    data = "digits"
    if variant == "stream":
        data = tmp_path / "digits.h5"
        with h5py.File(data, "w") as file:
            file["images"] = load_data("digits").train.pixels[:60]
    line = [*TRAIN, *VARIANTS[variant], "--data", data]
    with serving(backend) as server:
        whole = tmp_path / "whole"
        whole.mkdir()
        code, out = server.run(*line, folder=whole)
        assert code == 0, out
        expected = result(whole)
        places = []
        for number in range(cuts):
            folder = tmp_path / str(number)
            folder.mkdir()
            every = generator.randint(1, 5)
            job = server.start(*line, "--checkpoint-every", f"{every}steps", folder=folder)
            at = generator.randint(1, EPOCHS * STEPS - 1)
            wait_for_step(folder / "run" / "steps.csv", at)
            job.signal(signal.SIGKILL)
            job.wait()
            places.append(went_on_from(folder))
            code, out = server.run("resume", "run", folder=folder)
            if code == 2 and "has done all" in out:  # the kill came too late
                assert places[-1] == EPOCHS * STEPS
            else:
                assert code == 0, out
            assert result(folder) == expected, f"killed at step {at}, saved every {every}"
            assert verify_run(folder / "run") == []
            print(f"{backend}, {variant}: {number + 1} equal, from step {places[-1]}", flush=True)
    within = sum(place % STEPS != 0 for place in places)
    print(f"{backend}, {variant}: {cuts} of {cuts} equal; {within} within an epoch, from {places}")
    assert within >= cuts / 2


def result(folder):
    """Every step's loss and the hash of all that the last checkpoint holds."""
    state = read_checkpoint(latest_checkpoint(folder / "run" / "checkpoints"))
    digest = hashlib.sha256()
    for name, array in state.arrays:
        digest.update(f"{name} {array.dtype} {array.shape}".encode() + array.tobytes())
    steps = (folder / "run" / "steps.csv").read_text()
    assert len(steps.splitlines()) == 1 + EPOCHS * STEPS
    return steps, digest.hexdigest()


def went_on_from(folder):
    """The step of the newest checkpoint, 0 if there is none yet."""
    paths = sorted((folder / "run" / "checkpoints").glob("step-*"))
    return read_checkpoint(latest_checkpoint(paths[0].parent)).position.steps if paths else 0


def wait_for_step(path, step):
    ends = time.monotonic() + 300
    while not path.exists() or len(path.read_text().splitlines()) <= step:
        assert time.monotonic() < ends
        time.sleep(0.002)
