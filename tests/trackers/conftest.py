"""Trackers of these tests: what they are told, and how they fail."""

from __future__ import annotations

import threading

import pytest

import vaekit
from tests.trackers.killed import TINY
from vaekit.plugins import discover, discovery


class Listening(vaekit.Tracker):
    """Keeps what it is told."""

    def __init__(self):
        self.told = []
        self.threads = set()

    def note(self, *what):
        self.threads.add(threading.current_thread())
        self.told.append(what)

    def start(self, run):
        self.run = run
        self.note("start", run.epoch, run.step)

    def step(self, step, terms):
        self.note("step", step, dict(terms))

    def epoch(self, epoch, step, row):
        self.note("epoch", epoch, dict(row))

    def results(self, epoch, results):
        self.made = results
        self.note("results", epoch)

    def end(self, status):
        self.note("end", status)

    def of(self, what):
        return [event[1:] for event in self.told if event[0] == what]


def factory_of(tracker):
    return lambda: tracker


@pytest.fixture
def register(monkeypatch):
    """Offers trackers by name, gone again after the test."""
    monkeypatch.setattr(discovery, "_local_parts", dict(discovery._local_parts))

    def offer(**trackers):
        for name, tracker in trackers.items():
            vaekit.register_tracker(name, factory_of(tracker))

    yield offer
    discover.cache_clear()


@pytest.fixture
def train(tmp_path):
    """A tiny training under trackers."""

    def run(track, **more):
        asked = {**TINY, "out": tmp_path / "run", "epochs": 2, "track": track, "figures": False}
        return vaekit.train(**{**asked, **more})

    return run
