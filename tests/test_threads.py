"""Several trainings in one process, at the same time."""

from __future__ import annotations

import random
import threading

import numpy as np
import pytest

from tests.resume.runs import train
from vaekit.model import seeded

pytestmark = pytest.mark.backend


def test_one_seed_gives_one_result_in_threads_too(tmp_path):
    losses = {}

    def run(name):
        losses[name] = (train(tmp_path / name, epochs=1).path / "steps.csv").read_text()

    run("alone")
    threads = [threading.Thread(target=run, args=(f"thread {n}",)) for n in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(losses) == 3
    assert len(set(losses.values())) == 1


def test_seeds_of_two_threads_do_not_mix():
    alone = {seed: _draws(seed) for seed in (1, 2)}
    mixed = {}
    first_is_in = threading.Event()

    def draw(seed):
        mixed[seed] = _draws(seed, first_is_in)

    threads = [threading.Thread(target=draw, args=(seed,)) for seed in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert mixed == alone


def _draws(seed, entered=None):
    """Some of each generator, with a pause in which another thread could come between."""
    with seeded(seed):
        drawn = [random.random(), np.random.random()]
        if entered is not None and not entered.is_set():
            entered.set()
            threading.Event().wait(0.1)
        return [*drawn, random.random(), np.random.random()]
