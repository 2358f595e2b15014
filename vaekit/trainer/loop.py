"""The training loop: epochs of blocks of steps, from any position on."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from vaekit.checkpoint import Position
from vaekit.engine import Evaluation, Pace, Program, Renew, Steps, batches, epoch_order
from vaekit.interrupt import Interrupt
from vaekit.timeline import part
from vaekit.trainer.divergence import Watch
from vaekit.trainer.epoch_metrics import EpochMetrics
from vaekit.trainer.keeper import Keeper
from vaekit.trainer.keras_callbacks import KerasCallbacks
from vaekit.trainer.progress import Progress
from vaekit.trainer.tracking import Tracking
from vaekit.workers import ALONE, Group

Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Loop:
    """Everything that an epoch needs, made before the first."""

    program: Program
    train: Steps
    renew_averages: Renew
    validate: Evaluation
    metrics: EpochMetrics
    images: int
    batch_size: int
    epochs: int
    seed: int
    callbacks: KerasCallbacks
    progress: Progress
    tracking: Tracking
    watch: Watch
    keeper: Keeper
    pace: Pace
    group: Group = ALONE

    def run(
        self,
        position: Position,
        interrupt: Interrupt,
        *,
        restore: Callable[[], None],
        epoch_end: Callable[[Position, Row], None],
    ) -> Position:
        """Train from `position` on and give the position reached.

        `restore()` is called once the callbacks have begun, since what they set then is not what
        an uncut run would have here. `epoch_end(position, row)` is called at the end of each epoch
        with its line in the history. Stops early if a callback asks for it, where patience is at
        its end, or on `interrupt`. An epoch that a callback cut has its line, as under `fit`, and
        goes on where it was cut if the run is resumed; one that was interrupted has none yet.

        Raises `DivergedError` when a term or a weight is no longer finite.
        """
        self.callbacks.train_begin()
        in_epoch = position.step > 0
        if in_epoch:
            self.callbacks.epoch_begin(position.epoch)
        restore()
        while not self._ended(position):
            epoch = position.epoch
            started = time.perf_counter()
            if not in_epoch:
                self.callbacks.epoch_begin(epoch)
            in_epoch = False
            self.watch.forget()
            before = position.images
            with part("steps"):
                position = self._epoch(position, interrupt)
            cut = position.step < self._steps_an_epoch
            if cut and not self.callbacks.stopped:
                break  # interrupted; the position says where
            # Rated over what this process did: an epoch that was resumed has less of it.
            seconds = time.perf_counter() - started
            row = self._row(epoch, position, position.images - before, seconds)
            if not cut:
                position = Position(epoch + 1, 0, position.steps)
            self.callbacks.epoch_end(epoch, row)
            epoch_end(position, row)
            self.progress.epoch_end(epoch, row)
            if self._stopped(interrupt) or cut:
                break
        self.callbacks.list.on_train_end()
        return position

    def _stopped(self, interrupt: Interrupt) -> bool:
        """Whether any worker was asked to stop: all of them stop after the same step."""
        for reason in self.group.exchange(interrupt.stopped_by or self.group.stop):
            if reason is not None:
                interrupt.request(reason)
        return interrupt.requested

    def _ended(self, position: Position) -> bool:
        exhausted = self.keeper.stopping.exhausted(position.epoch)
        return position.epoch >= self.epochs or exhausted or self.callbacks.stopped

    @property
    def _steps_an_epoch(self) -> int:
        return -(-self.images // self.batch_size)

    def _epoch(self, position: Position, interrupt: Interrupt) -> Position:
        """The rest of an epoch, or as much of it as passes before an interrupt or a stop."""
        columns = self.program.columns
        sums = np.array(position.sums) if position.step else np.zeros(sum(columns.widths))
        epoch, step, steps, count, _ = position
        before = count
        started = time.perf_counter()
        order = epoch_order(self.seed, epoch, self.images)
        self.train.expect(order[step * self.batch_size :], self.batch_size)
        most = self.train.most(self.batch_size)
        skip = step
        for block in batches(order, self.batch_size):
            skipped = min(skip, len(block))
            skip -= skipped
            at = skipped
            while at < len(block) and not self._stopped(interrupt):
                steps_a_call = self.group.from_leader(lambda: self.pace.steps)
                room = min(steps_a_call, most, self.keeper.room(position))
                chunk = block[at : at + room]
                self.callbacks.list.on_train_batch_begin(step)
                self.watch.before(chunk)
                call_started = time.perf_counter()
                with part("first call of steps" if self.pace.unmeasured else "steps"):
                    rows = self.train(chunk)
                self.pace.took(len(chunk), time.perf_counter() - call_started)
                self.watch.refuse_rows(rows, position)
                # Row by row, so that the sums don't depend on how many steps a call took.
                for row in rows:
                    sums += row
                at += len(chunk)
                step, steps, count = step + len(chunk), steps + len(chunk), count + chunk.size
                terms = columns.summary(sums, count)
                scalars = {k: v for k, v in terms.items() if not isinstance(v, list)}
                self.callbacks.list.on_train_batch_end(step - 1, scalars)
                rate = (count - before) / (time.perf_counter() - started)
                self.progress.advance(epoch, count, rate, _headline(scalars))
                began_at = position
                position = Position(epoch, step, steps, count, sums.tolist())
                self.keeper.after_steps(
                    began_at, position, rows, chunk.shape[1], ends=step == self._steps_an_epoch
                )
                self.tracking.step(steps, scalars)
                if self.callbacks.stopped:
                    return position
        return position

    def _row(self, epoch: int, position: Position, images: int, seconds: float) -> Row:
        sums = np.array(position.sums)
        row: Row = {
            "epoch": epoch + 1,
            "seconds": round(seconds, 3),
            "images_per_s": round(images / seconds, 1),
        }
        row.update(_flat("", self.program.columns.summary(sums, position.images)))
        self.group.refuse_unequal(self.program.state)
        # What is measured, one worker measures.
        row = self.group.from_leader(lambda: self._validated(epoch, row))
        self.group.share(self.program.assigned)
        return row

    def _validated(self, epoch: int, row: Row) -> Row:
        """The line with what held-out images give; averages are then of the present weights."""
        with part("averages and validation"):
            self.renew_averages()
            self.callbacks.list.on_test_begin()
            validation = self.validate()
        self.callbacks.list.on_test_end(_flat("", validation))
        row.update(_flat("val_", validation))
        if self.metrics.due(epoch + 1):
            row.update(self.metrics.measured(epoch + 1, row))
        return row


def _flat(prefix: str, summary: dict[str, Any]) -> Row:
    """A summary with its lists spread: `kl_dim` becomes `kl_dim_0`, `kl_dim_1`, ..."""
    row: Row = {}
    for name, value in summary.items():
        if isinstance(value, list):
            row.update({f"{prefix}{name}_{i}": item for i, item in enumerate(value)})
        else:
            row[f"{prefix}{name}"] = value
    return row


def _headline(terms: Row) -> Row:
    """The few numbers that fit beside a bar: the loss and its first terms."""
    return dict(list(terms.items())[:4])
