"""A run whose files are damaged, left over, or being written by another process."""

from __future__ import annotations

import keras
import pytest

import vaekit
from tests.resume.runs import result, resume, train
from vaekit.checkpoint import latest_checkpoint
from vaekit.errors import DamagedError, RunError
from vaekit.run import verify_run

pytestmark = pytest.mark.backend


def test_a_damaged_checkpoint_is_named_and_the_one_before_is_good(whole, copy):
    newest = latest_checkpoint(copy / "checkpoints") / "state.npz"
    content = bytearray(newest.read_bytes())
    content[5000] ^= 4
    newest.write_bytes(content)
    assert [damage.path for damage in verify_run(copy)] == [newest]
    with pytest.raises(DamagedError, match=r"checkpoint='step-000000010'\) ") as caught:
        resume(copy, epochs=4)
    assert str(newest) in str(caught.value)
    run = resume(copy, checkpoint="step-000000010")
    assert result(run) == result(whole)
    assert verify_run(copy) == []


def test_a_checkpoint_of_no_such_name_is_refused(copy):
    with pytest.raises(vaekit.UserError, match=r"no checkpoint 'step-1'. There are: step-0+10, "):
        resume(copy, checkpoint="step-1")


def test_what_a_killed_process_left_is_swept(copy, whole):
    for folder in (copy, copy / "checkpoints", copy / "figures"):
        (folder / ".writing-999999999-x").mkdir()
        (folder / ".writing-999999999-y.json").write_text("half")
        (folder / ".writing-1-alive").write_text("another process is at it")
    (copy / "notes.txt").write_text("mine")
    resume(copy, epochs=4)
    left = [p.name for p in copy.rglob(".writing-*")]
    assert left == [".writing-1-alive"] * 3
    assert (copy / "notes.txt").read_text() == "mine"
    assert verify_run(copy) == []


def test_two_at_once_on_one_run_are_refused(copy):
    inside = []

    class Second(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            for call in (
                lambda: resume(copy, epochs=5),
                lambda: train(copy, resume=True, epochs=5),
            ):
                with pytest.raises(RunError, match="Another process is writing into"):
                    call()
                inside.append(1)

    resume(copy, epochs=4, callbacks=[Second()])
    assert inside == [1, 1]
    resume(copy, epochs=5)  # and afterwards it is free again
