"""A batch that doesn't fit in memory: refused with one that does, and nothing is left."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

import keras
import numpy as np
import pytest

import vaekit
from tests.parts import make_program, some_images, values
from vaekit.engine import Steps, compile_train
from vaekit.errors import UserError
from vaekit.memory import is_out_of_memory
from vaekit.trainer import batch_memory

# Trains in a process that may take so many MiB more than it has.
UNDER_LIMIT = """
import resource, sys
from vaekit.startup import select_backend
select_backend(None)
from vaekit.cli import main
more = int(sys.argv.pop(1)) * 2**20
with open("/proc/self/statm") as file:
    taken = int(file.read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (taken + more, resource.RLIM_INFINITY))
main(sys.argv[1:])
"""

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits are Linux's")


def under_limit(mib, *args, cwd):
    return subprocess.run(
        [sys.executable, "-c", UNDER_LIMIT, str(mib), *args],
        cwd=cwd,
        env={**os.environ, "KERAS_BACKEND": "tensorflow"},
        capture_output=True,
        text=True,
        timeout=400,
    )


@pytest.mark.slow
@linux
def test_a_batch_that_cannot_fit_is_refused_and_the_one_named_trains(tmp_path):
    train = ["train", "--data", "digits", "--image-size", "64", "--limit", "512"]
    train += ["--epochs", "1", "--out", "run", "--batch-size"]
    done = under_limit(1500, *train, "512", cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    said = re.fullmatch(
        r"vaekit: A batch of 512 images of 64x64x1 needs about [\d.]+ GiB, and [\d.]+ GiB of "
        r"memory are free; one of (\d+) should fit: --batch-size \1, or --accumulate \d+, .*\.\n",
        done.stderr,
    )
    assert said, done.stderr
    assert not (tmp_path / "run").exists()
    again = under_limit(1500, *train, said[1], cwd=tmp_path)
    assert json.loads((tmp_path / "run" / "run.json").read_text())["status"] == "complete", (
        again.stderr  # there may be no room left to draw in, which comes after
    )


def no_memory_beyond(size, error):
    def train(block):
        if block.shape[1] > size:
            raise error
        return np.zeros((len(block), 1), "float32")

    return train


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        type("ResourceExhaustedError", (Exception,), {})("OOM when allocating tensor"),
        type("OutOfMemoryError", (RuntimeError,), {})("CUDA out of memory. Tried to allocate"),
        RuntimeError("[enforce fail at alloc_cpu.cpp:121] DefaultCPUAllocator: can't allocate"),
        type("JaxRuntimeError", (RuntimeError,), {})("RESOURCE_EXHAUSTED: Out of memory"),
        RuntimeError("std::bad_alloc"),
    ],
    ids=["Python", "TensorFlow", "torch on a GPU", "torch", "JAX", "C++"],
)
def test_each_backends_error_is_known(monkeypatch, error):
    monkeypatch.setattr(batch_memory, "on_cpu", lambda: False)
    train = batch_memory.within_memory(make_program(), Steps(no_memory_beyond(3, error), None))
    with pytest.raises(UserError, match=r"A batch of 16 images of 8x8x1 .* one of 2 does"):
        train(np.zeros((2, 16), "int32"))
    assert train(np.zeros((2, 3), "int32")).shape == (2, 1)


@pytest.mark.slow
@pytest.mark.backend
def test_a_real_allocation_that_fails_is_known(monkeypatch):
    monkeypatch.setattr(batch_memory, "on_cpu", lambda: False)

    def train(block):
        if block.shape[1] > 5:
            keras.ops.ones((2**21, 2**21))  # 16 TiB
        return np.zeros((len(block), 1), "float32")

    with pytest.raises(UserError, match=r"A batch of 16 images .* one of 4 does: batch_size=4"):
        batch_memory.within_memory(make_program(), Steps(train, None))(np.zeros((1, 16), "int32"))


def test_other_errors_stay_what_they_are():
    error = RuntimeError("shapes don't match")
    assert not is_out_of_memory(error)
    with pytest.raises(RuntimeError) as raised:
        batch_memory.within_memory(make_program(), Steps(no_memory_beyond(3, error), None))(
            np.zeros((1, 4), "int32")
        )
    assert raised.value is error


def test_no_image_fits(monkeypatch):
    monkeypatch.setattr(batch_memory, "on_cpu", lambda: False)
    train = batch_memory.within_memory(
        make_program(), Steps(no_memory_beyond(0, MemoryError()), None)
    )
    with pytest.raises(UserError, match="not even one image does"):
        train(np.zeros((1, 4), "int32"))


def test_a_hopeless_batch_is_refused_before_the_first_step(tmp_path, monkeypatch):
    monkeypatch.setattr(batch_memory, "free_memory", lambda: 150 * 2**20)
    with pytest.raises(UserError, match=r"needs about [\d.,]+ GiB, and 0\.1 GiB .*batch_size="):
        vaekit.train(data="digits", image_size=(32, 32), batch_size=512, out=str(tmp_path / "run"))
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(("half", "named"), [(0.6, 64), (0.9, 32)], ids=["clear", "close"])
def test_the_batch_that_is_named_leaves_room_for_another_measure(monkeypatch, half, named):
    free = 2**30
    monkeypatch.setattr(batch_memory, "free_memory", lambda: free)
    monkeypatch.setattr(batch_memory, "_PLAINLY_SMALL", 0.0)
    monkeypatch.setattr(batch_memory, "_measured", lambda *_: (0.0, half * free / 64))
    with pytest.raises(UserError, match=f"batch_size={named},"):
        batch_memory.refuse_hopeless(make_program(), lambda block: block, 128)


def test_measuring_leaves_the_variables_as_they_are(monkeypatch):
    program = make_program((32, 32, 1), encoder="conv5", decoder="deconv4")
    train = compile_train(program, some_images(64, (32, 32, 1)))
    before = values(program)
    steps = []
    monkeypatch.setattr(batch_memory, "free_memory", lambda: 2**30)
    batch_memory.refuse_hopeless(program, lambda block: steps.append(block) or train(block), 200)
    assert len(steps) == 2
    for old, new in zip(before, values(program), strict=True):
        np.testing.assert_array_equal(old, new)


def test_a_plainly_small_batch_costs_nothing():
    def never(block):
        raise AssertionError("measured")

    batch_memory.refuse_hopeless(make_program(), never, 32)
