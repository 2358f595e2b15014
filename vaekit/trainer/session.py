"""One run from config to saved models: what is trained, recorded and saved, in order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras

from vaekit.cadence import parse_cadence
from vaekit.checkpoint import (
    Position,
    State,
    assign,
    drop_after,
    list_checkpoints,
    load_checkpoint,
)
from vaekit.config import TrainConfig
from vaekit.data import binarized
from vaekit.engine import Blueprint, Evaluation, Pace, Program, averages_of, compile_train
from vaekit.errors import VaekitError
from vaekit.interrupt import Interrupt
from vaekit.model import Built
from vaekit.run import (
    Run,
    RunDirectory,
    RunRecord,
    Status,
    fit_sampler,
    kept_checkpoint,
    save_artifacts,
)
from vaekit.startup import on_cpu
from vaekit.timeline import part
from vaekit.tracker import TrackedRun
from vaekit.trainer.batch_memory import refuse_hopeless, within_each_memory, within_memory
from vaekit.trainer.divergence import Watch
from vaekit.trainer.early_stopping import EarlyStopping, monitor_of
from vaekit.trainer.epoch_metrics import EpochMetrics
from vaekit.trainer.keeper import Keeper
from vaekit.trainer.keras_callbacks import KerasCallbacks
from vaekit.trainer.legend import legend
from vaekit.trainer.loop import Loop, Row
from vaekit.trainer.progress import Progress
from vaekit.trainer.sources import Source
from vaekit.trainer.step_log import StepLog
from vaekit.trainer.tracked import run_results, tracked_run
from vaekit.trainer.tracking import Tracking
from vaekit.types import Images
from vaekit.workers import ALONE, Group

# Images that batch norm's averages are taken of before training: by these, nothing is judged.
_UNTRAINED = 256


@dataclass
class Session:
    """A run that is ready to train: everything that can be refused has been looked at.

    checkpoint, saved: what it goes on from, where that lies; None for one that begins.
    show_epoch: called with how many epochs are done, before the first and after each. It may look
        at the model, and change nothing.
    stop_after: asked after each epoch but the last, with its line in the history: what to stop by,
        as the record is to say; None goes on.
    group: the workers that train together; this one is the first of them.
    """

    blueprint: Blueprint
    built: Built
    source: Source
    directory: RunDirectory
    program: Program
    record: RunRecord
    callbacks: Sequence[keras.callbacks.Callback]
    progress: Progress
    metrics: EpochMetrics
    tracking: Tracking
    checkpoint: Path | None = None
    saved: State | None = None
    rows: list[Row] = field(default_factory=list)
    position: Position = field(default_factory=Position)
    best: Mapping[str, Any] | None = None
    stopped_early: bool = False
    show_epoch: Callable[[int], None] = lambda epoch: None
    stop_after: Callable[[Row], str | None] = lambda row: None
    group: Group = ALONE

    @property
    def config(self) -> TrainConfig:
        """What the run is asked to be, with nothing left to choose."""
        return self.blueprint.config

    @property
    def validation(self) -> Images:
        """The images that the run is validated on."""
        return self.source.validation

    def run(self) -> Run:
        """Train, save and give the run; its record's `status` is `complete` or `interrupted`.

        A new run that fails before its first checkpoint leaves nothing behind, unless it diverged;
        later, its `status` is `failed`, and it can be resumed from the checkpoint.
        """
        new = not self.directory.record.exists()
        start = {"position": [*self.position], "best": self.best}
        try:
            self.group.from_leader(lambda: start)
            with part("compiling"):
                loop = self.loop()
            with part("history and checkpoints"):
                self._open(new)
        except BaseException:
            self.directory.lock.release()
            raise
        try:
            with (
                self.tracking as tracking,
                Interrupt() as interrupt,
                loop.keeper as keeper,
                closing(loop.train),
            ):
                if self.config.step_log:
                    keeper.log = StepLog(self.directory.steps, self.position.steps)
                tracking.start(self._tracked_run, lambda: keeper.durable)
                self._train(loop, interrupt)
                if self.position.step:  # within an epoch, the checkpoint has the moving averages
                    loop.renew_averages()
                self._keep_best(loop.keeper.stopping)
                with part("models"):
                    self._save_models()
                if not interrupt.requested:
                    self._measure_end()
                    self._fit_sampler()
                self._write(
                    "interrupted" if interrupt.requested else "complete", interrupt.stopped_by
                )
                self.directory.close()
        except BaseException as error:
            if new and not self._resumable:
                self.directory.remove()
            else:
                self._note_failure(error)
            raise
        return Run(self.directory, self.record, self.blueprint, self.built)

    def _open(self, new: bool) -> None:
        """Make the run directory, or take it over at the checkpoint."""
        if new:
            self.directory.create(self._updated("running"))
            return
        self.directory.open()
        if self.checkpoint is not None:
            best = self.best is not None and self.best["steps"] == self.position.steps
            drop_after(self.directory.checkpoints, self.checkpoint, best=best)
        self._write("running")

    def _train(self, loop: Loop, interrupt: Interrupt) -> None:
        def restore() -> None:
            if self.saved is not None:
                assign(self.saved, self.program.state, str(self.checkpoint))
                missing = loop.callbacks.restore(self.saved)
                if missing:
                    self.progress.note(f"Trained until now with {', '.join(missing)}, too.")
            if not self.position.steps:
                with part("averages and validation"):
                    # An accelerator is done with all of them before a loop of fewer is compiled.
                    loop.renew_averages(most=_UNTRAINED if on_cpu() else None)
            self.group.share(self.program.state)
            if not self.position.steps:
                with part("pictures"):
                    self.show_epoch(0)

        def epoch_end(position: Position, row: Row) -> None:
            self.rows.append(row)
            self.position = position
            with part("history and checkpoints"):
                self.directory.write_history(self.rows)
                loop.keeper.after_epoch(position, row)
            self.tracking.epoch(row["epoch"], position.steps, row)
            self.best = loop.keeper.stopping.best
            self._write("running")
            with part("pictures"):
                self.show_epoch(row["epoch"])
            reason = None
            if position.epoch < self.config.most_epochs:
                reason = self.stop_after(row)
            if reason is not None:
                interrupt.request(reason)

        self._say_what_comes(loop.keeper.stopping)
        self.progress.start(
            self.config.most_epochs,
            loop.images,
            may_stop=self.config.patience is not None,
            terms=self.program.terms,
        )
        try:
            self.position = loop.run(self.position, interrupt, restore=restore, epoch_end=epoch_end)
        finally:
            self.progress.close()
        # A callback may have set the weights at the end, as EarlyStopping does.
        if self.callbacks and not self.position.step:
            loop.renew_averages()
        with part("history and checkpoints"):
            loop.keeper.finish(self.position)

    def _say_what_comes(self, stopping: EarlyStopping) -> None:
        """What the numbers mean, and when training ends if not after all epochs."""
        program = self.program
        summary = self.blueprint.parts["loss"].component.summary
        bounded = "elbo" in program.columns.names
        shape = program.vae.image_shape
        lines = legend(
            summary,
            program.needs,
            program.terms,
            shape,
            bounded=bounded,
            conditional=program.vae.condition is not None,
        )
        for line in lines:
            self.progress.note(line)
        if stopping.patience is not None:
            self.progress.note(
                f"Training ends when no epoch has a better {stopping.monitor.column} for "
                f"{stopping.patience} epochs,\n  after {self.config.most_epochs} epochs at most; "
                "the best epoch's weights are kept."
            )

    def _keep_best(self, stopping: EarlyStopping) -> None:
        """Where the run has a patience, go back to the weights of its best epoch, and say so."""
        if stopping.patience is None or stopping.best is None:
            return
        left = self.position.epoch < self.config.most_epochs
        self.stopped_early = left and stopping.exhausted(self.position.epoch)
        load_checkpoint(kept_checkpoint(self.directory, self.record), self.program.vae.variables)
        best, last = stopping.best["epoch"], self.position.epoch
        ended = "Stopped early after" if self.stopped_early else "Trained until"
        self.progress.note(
            f"{ended} epoch {last}; best epoch {best}, by {stopping.monitor.column}: its weights "
            "are kept."
        )

    def _measure_end(self) -> None:
        """Measure the weights that are kept, unless they were: training may end at any epoch."""
        epoch = self.record.kept_epoch
        if epoch and self.metrics.lacking(epoch):
            row = self.rows[epoch - 1]
            numbers = self.metrics.measured(epoch, row)
            row.update(numbers)
            self.directory.write_history(self.rows)
            self.tracking.epoch(epoch, self.position.steps, numbers)
            for name, value in numbers.items():
                self.progress.note(f"{name} {value:.5g}")

    def _save_models(self) -> None:
        left_out = save_artifacts(self.program.vae, self.directory)
        self.record.models_left_out = left_out
        for reason in dict.fromkeys(left_out.values()):
            files = " and ".join(name for name, why in left_out.items() if why == reason)
            self.progress.note(f"Not saved: {files}, since {reason}.")

    def _fit_sampler(self) -> None:
        """Fit the sampler that was asked for on the codes of the training images."""
        sampler = self.built.products.get("sampler")
        if sampler is None or not sampler.fitted:
            return
        part, vae = self.blueprint.parts["sampler"], self.program.vae
        images = binarized(self.source.train, self.config.binarize, self.config.seed)
        self.progress.note(
            f"Fitting the sampler {part.name!r} on the codes of {len(images.pixels):,} images."
        )
        labels = None if vae.condition is None else vae.condition.checked(images.labels)
        fit_sampler(
            self.directory,
            vae,
            part,
            sampler,
            images._replace(labels=labels),
            self.config.seed,
        )
        if vae.condition is not None and not sampler.conditional:
            self.progress.note(f"The sampler {part.name!r} draws z whatever the class.")

    def end_tracking(self) -> None:
        """Tell trackers what the run has made, if it is complete, and let them end."""
        if not self.tracking:
            return
        if self.record.status == "complete":
            names = self.source.record.class_names
            results = run_results(self.directory, self.program, self.validation, names)
            self.tracking.results(self.record.kept_epoch, self.position.steps, results)
            self.tracking.end("complete")
        else:
            self.tracking.end("interrupted")
        if self.record.trackers != self.tracking.record:
            with self.directory.changing(self.directory.record):
                self._write(self.record.status)

    def _tracked_run(self, tracker: str) -> TrackedRun:
        return tracked_run(
            tracker,
            self.directory,
            self.record,
            self.rows,
            steps_an_epoch=-(-len(self.source.train.pixels) // self.config.batch_size),
        )

    @property
    def _resumable(self) -> bool:
        """Whether there is a state on disk to go on from, or to look at."""
        directory = self.directory
        return bool(list_checkpoints(directory.checkpoints)) or directory.diverged.exists()

    def _note_failure(self, error: BaseException) -> None:
        """Record why the run ended; where even that can't be written, the error itself says it."""
        # By these, handlers of signals end what is under way.
        stopped = isinstance(error, KeyboardInterrupt | SystemExit)
        by = getattr(error, "signal", type(error).__name__) if stopped else None
        if not stopped:
            self.record.error = str(error) or type(error).__name__
        with suppress(VaekitError):
            self._write("interrupted" if stopped else "failed", by)
        with suppress(VaekitError):
            self.directory.close()

    def loop(self) -> Loop:
        """What trains it."""
        images = len(self.source.train.pixels)
        config = self.config
        train = compile_train(self.program, self.source.train, self.group)
        if self.group.size > 1:
            train = within_each_memory(self.program, train)
        else:
            train = within_memory(self.program, train)
            refuse_hopeless(self.program, train, config.batch_size)
        callbacks = KerasCallbacks(
            self.callbacks,
            self.program.vae,
            self.program.optimizer,
            epochs=config.most_epochs,
            steps=-(-images // config.batch_size),
        )
        watch = Watch(self.program, train, self.directory.diverged, self.group)
        keeper = Keeper(
            self.directory.checkpoints,
            self.program,
            callbacks,
            watch,
            parse_cadence(config.checkpoint_every),
            order={"seed": config.seed, "images": images},
            stopping=EarlyStopping(
                monitor_of(self.program.eval_columns.names),
                config.patience,
                best=self.best,
                since=self.position.epoch,
            ),
            durable=self.position.steps,
            note=self.progress.note,
            group=self.group,
        )
        return Loop(
            program=self.program,
            train=train,
            renew_averages=averages_of(
                config.batch_norm_averages,
                self.program,
                self.source.train,
                batch_size=config.batch_size // config.accumulate,  # as steps normalise them
                seed=config.seed,
            ),
            validate=Evaluation(self.program, self.source.validation),
            metrics=self.metrics,
            images=images,
            batch_size=config.batch_size,
            epochs=config.most_epochs,
            seed=config.seed,
            callbacks=callbacks,
            progress=self.progress,
            tracking=self.tracking,
            watch=watch,
            keeper=keeper,
            pace=Pace(1 if callbacks.want_batches else config.steps_per_call),
            group=self.group,
        )

    def _write(self, status: Status, stopped_by: str | None = None) -> None:
        if stopped_by is not None:
            self.record.stopped_by = stopped_by
        self.directory.write_record(self._updated(status))

    def _updated(self, status: Status) -> RunRecord:
        """The record, brought up to date."""
        self.record.status = status
        self.record.loss_variables = {v.path: list(v.shape) for v in self.program.own.variables}
        self.record.metrics = self.metrics.record
        self.record.trackers = self.tracking.record
        self.record.reached(self.position, self.rows, self.best, stopped_early=self.stopped_early)
        return self.record
