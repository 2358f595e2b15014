"""A loss or a weight that is no longer finite: what is kept, so that the step can be replayed."""

from __future__ import annotations

import json
import shlex
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import numpy as np

from vaekit.atomic import write_text
from vaekit.checkpoint import Position, State, save_checkpoint, snapshot
from vaekit.engine import Program, Steps
from vaekit.errors import DivergedError
from vaekit.wording import option_text
from vaekit.workers import ALONE, Group

STEP = "step.json"
_SECONDS_BETWEEN = 10.0


class Watch:
    """Looks at what each call gives, and knows the way back to before any step of it.

    It holds the state of some seconds ago and the batches since: those are replayed to get at the
    state before the step that went wrong.

    group: the workers that look at the same, and go back together; the first keeps it.
    """

    def __init__(self, program: Program, train: Steps, folder: Path, group: Group = ALONE) -> None:
        self._group = group
        self._program = program
        self._train = train
        self._folder = folder
        self._state: list[tuple[str, np.ndarray]] | None = None
        self._snapshot_time = 0.0
        self._batches: list[np.ndarray] = []

    def before(self, batches: np.ndarray) -> None:
        """A call with these batches `(S, B)` comes next."""
        if self._state is None or self._group.from_leader(self._is_old):
            self._state = snapshot(self._program.state)
            self._snapshot_time = time.monotonic()
            self._batches = []
        self._batches.append(batches)

    def _is_old(self) -> bool:
        return time.monotonic() - self._snapshot_time > _SECONDS_BETWEEN

    def forget(self) -> None:
        """Something else than steps may have changed the state, as callbacks do."""
        self._state = None

    def refuse_rows(self, rows: np.ndarray, position: Position) -> None:
        """Raise `DivergedError` if a term of the last call, which began at `position`, is bad."""
        bad = self._program.columns.first_bad(rows)
        if bad is not None:
            number, term = bad
            self._refuse(f"{term!r} is", number, position)

    def refuse_state(self, arrays: Sequence[tuple[str, np.ndarray]], position: Position) -> None:
        """Raise `DivergedError` if the last call, begun at `position`, made a variable bad."""
        for name, value in arrays:
            if not np.isfinite(value).all():
                last = len(self._batches[-1]) - 1 if self._batches else 0
                self._refuse(f"after the update {name!r} is", last, position)

    def _refuse(self, what: str, number: int, position: Position) -> NoReturn:
        """Keep the state before step `number` of the last call, which began at `position`."""
        step = {
            "epoch": position.epoch + 1,
            "step": position.step + number + 1,
            "steps": position.steps + number + 1,
            "images": [],
        }
        if self._state is not None:
            step["images"] = self._batches[-1][number].tolist()
            self._go_back(number)
        if self._state is not None and self._group.leader:
            state = State(Position(steps=position.steps + number), snapshot(self._program.state))
            self._folder.mkdir(exist_ok=True)
            save_checkpoint(self._folder, state)
            write_text(self._folder / STEP, json.dumps(step) + "\n")
        raise DivergedError(
            f"Training diverged: {what} not finite at step {step['step']} of epoch "
            f"{step['epoch']}. Try a smaller {option_text('learning_rate')} or a larger "
            f"{option_text('batch_size')}; "
            f"{shlex.join(['vaekit', 'debug-step', str(self._folder.parent)])} replays that step."
        )

    def _go_back(self, number: int) -> None:
        for variable, (_, value) in zip(self._program.state, self._state or (), strict=True):
            variable.assign(value)
        for batches in self._batches[:-1]:
            self._train(batches)
        if number:
            self._train(self._batches[-1][:number])
