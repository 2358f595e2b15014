"""Saves checkpoints, and kills itself at the N-th call to the file system: FOLDER N.

Run as a program. It imports no Keras, so that it starts at once.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from tests.faults.killer import kill_at
from vaekit.checkpoint import Position, State, save_checkpoint

SAVES = 4


def state(steps: int) -> State:
    generator = np.random.default_rng(steps)
    arrays = [(f"layer_{n}/kernel", generator.normal(size=(30, 40))) for n in range(4)]
    return State(Position(steps, 0, steps), arrays, callback_arrays=[generator.normal(size=9)])


if __name__ == "__main__":
    folder, number = Path(sys.argv[1]), int(sys.argv[2])
    save_checkpoint(folder, state(1), best=True)
    calls = kill_at(number, folder)
    for steps in range(2, 2 + SAVES):
        save_checkpoint(folder, state(steps), best=steps == 3)
    print(calls())
