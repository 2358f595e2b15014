"""What is kept of a run while it trains: checkpoints when they are due, and a line a step."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from vaekit.cadence import Cadence
from vaekit.checkpoint import Position, State, Writer, save_checkpoint, snapshot
from vaekit.engine import MAX_STEPS, Program
from vaekit.trainer.callback_state import capture
from vaekit.trainer.divergence import Watch
from vaekit.trainer.early_stopping import EarlyStopping
from vaekit.trainer.keras_callbacks import KerasCallbacks
from vaekit.trainer.step_log import StepLog
from vaekit.workers import ALONE, Group

Row = dict[str, Any]


class Keeper:
    """Takes checkpoints beside training, while entered; none of a state that is not finite.

    log: where each step's loss goes, if anywhere.
    stopping: which epoch is the best so far.
    durable: how many steps a checkpoint on the disk holds.
    group: the workers that agree on when; the first writes.
    """

    def __init__(
        self,
        folder: Path,
        program: Program,
        callbacks: KerasCallbacks,
        watch: Watch,
        cadence: Cadence,
        order: Mapping[str, int],
        *,
        stopping: EarlyStopping,
        durable: int,
        note: Callable[[str], None],
        group: Group = ALONE,
    ) -> None:
        self.stopping = stopping
        self.durable = durable
        self.log: StepLog | None = None
        self._folder = folder
        self._program = program
        self._callbacks = callbacks
        self._watch = watch
        self._cadence = cadence
        self._order = order
        self._note = note
        self._group = group
        self._left_out: list[str] = []
        self._writer = Writer()
        self._saved: int | None = None
        self._call = Position()  # where the last call of steps began
        self._began = time.monotonic()
        self._slot = program.columns.offset("loss")

    def __enter__(self) -> Keeper:
        return self

    def __exit__(self, *_: object) -> None:
        self._writer.close()
        if self.log is not None:
            self.log.close()

    def room(self, position: Position) -> int:
        """How many steps may be done before it has to be asked again."""
        every, unit = self._cadence
        return int(every) - position.steps % int(every) if unit == "steps" else MAX_STEPS

    def after_steps(
        self, began: Position, reached: Position, rows: np.ndarray, count: int, *, ends: bool
    ) -> None:
        """A call gave these rows, one a step of `count` images; `ends` if it ended an epoch.

        Raises what went wrong with an earlier checkpoint, `DivergedError` if weights are bad.
        """
        self._call = began
        self._writer.check()
        if self.log is not None:
            losses = rows[:, self._slot].astype("float64") / count
            self.log.write(began.steps + 1, losses.tolist())
        if not ends and self._due(reached):  # at an epoch's end, the epoch is finished first
            self._save(reached)

    def after_epoch(self, position: Position, row: Row) -> None:
        """An epoch is over, with this line in the history."""
        best = self.stopping.improved(row, position.steps)
        if best or self._due(position):
            self._save(position, best=best)

    def finish(self, position: Position) -> None:
        """Training is over, or was stopped here: save, and wait for it."""
        # A callback may have set the weights at the end, as EarlyStopping does.
        if position.steps != self._saved or self._callbacks.user_callbacks:
            self._save(position)
        self._writer.wait()

    def _due(self, position: Position) -> bool:
        every, unit = self._cadence
        if unit == "min":
            return self._group.from_leader(lambda: time.monotonic() - self._began >= 60 * every)
        if unit == "steps":
            return position.steps % every == 0
        return position.step == 0 and position.epoch % every == 0

    def _save(self, position: Position, *, best: bool = False) -> None:
        arrays = snapshot(self._program.state)
        self._watch.refuse_state(arrays, self._call)
        remembered = capture(self._callbacks.user_callbacks)
        if remembered.left_out != self._left_out:
            self._left_out = remembered.left_out
            self._note(f"Not in the checkpoints: {', '.join(self._left_out)}.")
        state = State(
            position,
            arrays,
            order=self._order,
            best=self.stopping.best,
            callbacks=remembered.values,
            callback_arrays=remembered.arrays,
        )
        if self._group.leader:
            self._writer.submit(lambda: self._write(state, best))
        self._saved, self._began = position.steps, time.monotonic()

    def _write(self, state: State, best: bool) -> None:
        if self.log is not None:
            self.log.sync()
        save_checkpoint(self._folder, state, best=best)
        self.durable = state.position.steps
