"""Printing is not the work: what can't be printed ends no training, and is told afterwards."""

from __future__ import annotations

import os
import sys
from contextlib import suppress

import keras
import pytest

from tests.cli.commands import record_of
from tests.resume.runs import ON_THE_LINE, train
from vaekit.cli import main


@pytest.fixture
def nobody_reads():
    """The end of a pipe that nobody reads from."""
    reading, writing = os.pipe()
    os.close(reading)
    return os.fdopen(writing, "w")


@pytest.fixture
def full_disk():
    return open("/dev/full", "w")  # closed by the command's end or the collector


def command(stream, name, monkeypatch, *args):
    """The exit code of a command that has `stream` for one of its standard streams."""
    with monkeypatch.context() as patch:
        patch.setattr(sys, name, stream)
        with pytest.raises(SystemExit) as ended:
            main(list(args), prog_name="vaekit")
        assert getattr(sys, name) is stream
    return ended.value.code


@pytest.mark.parametrize("args", [["plugins"], ["plugins", "list", "--json"], ["--help"]])
def test_a_reader_that_went_away_is_no_failure(nobody_reads, monkeypatch, capfd, args):
    assert command(nobody_reads, "stdout", monkeypatch, *args) == 0
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("args", [["plugins"], ["plugins", "list", "--json"], ["--help"]])
def test_a_full_disk_is_told_and_ends_with_1(full_disk, monkeypatch, capfd, args):
    assert command(full_disk, "stdout", monkeypatch, *args) == 1
    told = capfd.readouterr().err
    assert told.count("\n") == 1
    assert "standard output can't be written: No space left on device" in told


def test_standard_error_on_a_full_disk_hides_no_exit_code(full_disk, monkeypatch):
    assert command(full_disk, "stderr", monkeypatch, "plugins", "show", "no-such-part") == 2


def test_a_command_within_a_program_gives_its_value(monkeypatch):
    assert main(["plugins"], prog_name="vaekit", standalone_mode=False) is None


@pytest.mark.parametrize(("stream", "code"), [("nobody_reads", 0), ("full_disk", 1)])
def test_training_goes_on_to_its_end(stream, code, request, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    args = [*ON_THE_LINE, "--epochs", "1", "--verbose"]
    assert command(request.getfixturevalue(stream), "stdout", monkeypatch, *args) == code
    assert record_of(tmp_path / "run")["status"] == "complete"


def test_so_does_one_of_a_program(nobody_reads, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", nobody_reads)
        assert train(tmp_path / "run", epochs=1, progress=True).record.status == "complete"


def test_a_bar_outlives_its_window(tmp_path, monkeypatch):
    ours, terminal = os.openpty()
    closing = keras.callbacks.LambdaCallback(on_train_begin=lambda logs: os.close(ours))
    stream = os.fdopen(terminal, "w")
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", stream)
        run = train(tmp_path / "run", epochs=1, progress=True, callbacks=[closing])
    assert run.record.status == "complete"
    with suppress(OSError):
        stream.close()
