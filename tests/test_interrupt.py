"""Signals while a run trains: whose handlers they reach, and what the record says of it."""

from __future__ import annotations

import signal
import threading

import pytest

import vaekit
from tests.small_nets import SMALL_NETS
from vaekit.interrupt import Interrupt, StoppedAtOnce, sigint_heeded
from vaekit.run_directory import RunDirectory

RUN = {
    **SMALL_NETS,
    "data": "digits",
    "limit": 64,
    "batch_size": 16,
    "epochs": 2,
    "steps_per_call": 1,
    "figures": False,
    "progress": False,
}


@pytest.fixture
def handler():
    """Gives a program a handler of its own for SIGTERM."""
    before = signal.getsignal(signal.SIGTERM)
    yield lambda function: signal.signal(signal.SIGTERM, function)
    signal.signal(signal.SIGTERM, before)


@pytest.fixture
def at_step(monkeypatch):
    """Has something done within a step of a training."""

    def at(step, act):
        steps = []

        def took(self, count, seconds):
            steps.append(count)
            if sum(steps) == step:
                act()

        monkeypatch.setattr("vaekit.engine.pace.Pace.took", took)

    return at


def _terminate():
    signal.raise_signal(signal.SIGTERM)


def test_a_program_keeps_its_own_handler(handler, at_step, tmp_path):
    came = []
    handler(lambda number, frame: came.append(number))
    own = signal.getsignal(signal.SIGTERM)
    at_step(3, _terminate)
    run = vaekit.train(**RUN, out=tmp_path / "run")
    assert came == [signal.SIGTERM]
    assert run.record.status == "complete"
    assert signal.getsignal(signal.SIGTERM) is own


def test_a_handler_that_ends_the_program_is_no_failure_of_the_run(handler, at_step, tmp_path):
    def end(number, frame):
        raise SystemExit(5)

    handler(end)
    at_step(6, _terminate)
    with pytest.raises(SystemExit):
        vaekit.train(**RUN, out=tmp_path / "run")
    record = RunDirectory(tmp_path / "run").read_record()
    assert (record.status, record.stopped_by, record.error) == ("interrupted", "SystemExit", None)
    assert vaekit.runs(tmp_path)[0].why == "by SystemExit"


def test_a_training_in_a_thread_leaves_signals_to_the_program(handler, at_step, tmp_path):
    came, runs = [], []
    handler(lambda number, frame: came.append(number))
    at_step(3, _terminate)  # Python runs the handler in the main thread
    thread = threading.Thread(target=lambda: runs.append(vaekit.train(**RUN, out=tmp_path / "run")))
    thread.start()
    thread.join()
    assert came == [signal.SIGTERM]
    assert runs[0].record.status == "complete"


def test_what_is_within_is_asked_to_stop_with_what_is_around_it():
    with Interrupt() as outer:
        with Interrupt() as inner:
            inner.request("pruning")
        with Interrupt() as inner:
            assert not inner.requested
            _terminate()
            assert inner.stopped_by == "SIGTERM"
        assert outer.stopped_by == "SIGTERM"
        with Interrupt() as inner:
            assert inner.requested
            with pytest.raises(StoppedAtOnce):
                _terminate()
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_a_handler_that_is_set_meanwhile_stays(handler):
    def own(number, frame):
        pass

    with Interrupt():
        handler(own)
    assert signal.getsignal(signal.SIGTERM) is own


def test_what_is_ignored_stays_so_but_on_the_command_line():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with Interrupt() as interrupt:
            signal.raise_signal(signal.SIGINT)
            assert not interrupt.requested
        with sigint_heeded(), Interrupt() as interrupt:
            signal.raise_signal(signal.SIGINT)
            assert interrupt.stopped_by == "SIGINT"
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)
