"""One run from config to saved models: what is opened, trained, recorded and saved, in order."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import keras

from vaekit.checkpoint import (
    Position,
    describe,
    latest_checkpoint,
    list_checkpoints,
    load_checkpoint,
    save_checkpoint,
)
from vaekit.config import TrainConfig
from vaekit.engine import Evaluation, Program, compile_train
from vaekit.errors import RunError, UserError, VaekitError
from vaekit.model import Parts, build_vae, resolve_parts
from vaekit.plugins import discover
from vaekit.run import (
    Run,
    RunDirectory,
    custom_layers,
    describe_environment,
    describe_parts,
    parts_of,
    save_artifacts,
)
from vaekit.trainer.interrupt import Interrupt
from vaekit.trainer.keras_callbacks import KerasCallbacks
from vaekit.trainer.loop import Loop, Row
from vaekit.trainer.progress import Progress
from vaekit.trainer.sources import Source, choose_source
from vaekit.types import Images


@dataclass
class Session:
    """A run that is ready to train: everything that can be refused has been looked at."""

    config: TrainConfig
    parts: Parts
    source: Source
    directory: RunDirectory
    program: Program
    record: dict[str, Any]
    callbacks: Sequence[keras.callbacks.Callback]
    progress: Progress
    position: Position = field(default_factory=Position)
    rows: list[Row] = field(default_factory=list)

    @property
    def validation(self) -> Images:
        """The images that the run is validated on."""
        return self.source.validation

    def run(self) -> Run:
        """Train, save and give the run; its record's `status` is `complete` or `interrupted`.

        A run that fails before its first checkpoint leaves nothing behind; later, its `status` is
        `failed`, and it can be resumed from the checkpoint.
        """
        loop = self._loop()
        new = not self.directory.record.exists()
        if new:
            self.directory.create()
        try:
            self._write("running")
            with Interrupt() as interrupt:
                self.progress.start(self.config.epochs, loop.images)
                try:
                    self.position = loop.run(self.position, interrupt, self._keep)
                finally:
                    self.progress.close()
                # A callback may have set the weights at the end, as EarlyStopping does.
                newer = self.callbacks or self.position.step
                if newer or not list_checkpoints(self.directory.checkpoints):
                    self._checkpoint(self.position)
                save_artifacts(self.program.vae, self.directory)
                self._write("interrupted" if interrupt.requested else "complete")
        except BaseException as error:
            if new and not list_checkpoints(self.directory.checkpoints):
                self.directory.remove()
            else:
                self._note_failure(error)
            raise
        return Run(self.directory, self.record, self.program.vae, self.parts)

    def _note_failure(self, error: BaseException) -> None:
        """Record why the run ended; where even that can't be written, the error itself says it."""
        stopped = isinstance(error, KeyboardInterrupt)
        if not stopped:
            self.record["error"] = str(error) or type(error).__name__
        with suppress(VaekitError):
            self._write("interrupted" if stopped else "failed")

    def _loop(self) -> Loop:
        images = len(self.source.train.pixels)
        config = self.config
        return Loop(
            self.program,
            compile_train(self.program, self.source.train.pixels),
            Evaluation(self.program, self.source.validation.pixels),
            images,
            config.batch_size,
            config.epochs,
            config.seed,
            KerasCallbacks(
                self.callbacks,
                self.program.vae,
                self.program.optimizer,
                epochs=config.epochs,
                steps=-(-images // config.batch_size),
            ),
            self.progress,
        )

    def _keep(self, position: Position, row: Row) -> None:
        self._checkpoint(position)
        self.rows.append(row)
        self.directory.write_history(self.rows)
        self.position = position
        self._write("running")

    def _checkpoint(self, position: Position) -> None:
        save_checkpoint(self.directory.checkpoints, self.program.state, position)

    def _write(self, status: str) -> None:
        self.record["status"] = status
        self.record["training"] = {
            **describe(self.position),
            "seconds": round(sum(row["seconds"] for row in self.rows), 3),
            "last_epoch": self.rows[-1] if self.rows else None,
        }
        self.directory.write_record(self.record)


def open_session(
    config: TrainConfig,
    data: Any,
    *,
    callbacks: Sequence[keras.callbacks.Callback],
    progress: Progress,
) -> Session:
    """A new run. `data` are arrays or a `Dataset`, or None for what `config.data` names.

    Raises a `UserError` for whatever can't be done; nothing is written yet.
    """
    parts = resolve_parts(config, discover().registry)
    directory = RunDirectory(config.out or _default_out(config))
    directory.refuse_existing()
    source = choose_source(config, data)
    if source.note:
        progress.note(source.note)
    program = _program(config, parts, source)
    for name in custom_layers(program.vae.autoencoder):
        progress.note(f"The layer {name} is not Keras's own: saved models need it to open again.")
    config = config.model_copy(
        update={
            "backend": keras.backend.backend(),
            "data": source.record["used"],
            "out": str(directory.path),
            # As the parts' signatures type them; the command line gave texts.
            "encoder_opt": parts.encoder_options,
            "decoder_opt": parts.decoder_options,
            "loss_opt": parts.loss_options,
        }
    )
    record = {
        "format": 1,
        "status": "running",
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "config": config.model_dump(mode="json"),
        "image_shape": list(program.vae.image_shape),
        "parts": describe_parts(parts),
        "seed": config.seed,
        "data": source.record,
        **describe_environment(),
    }
    return Session(config, parts, source, directory, program, record, callbacks, progress)


def reopen_session(
    path: str | Path,
    data: Any,
    *,
    epochs: int | None,
    callbacks: Sequence[keras.callbacks.Callback],
    progress: Progress,
) -> Session:
    """A run that stopped, from its newest checkpoint on; `epochs` may ask for more in all.

    Raises `RunError` if there is nothing to go on with, or the data are not what they were.
    """
    directory = RunDirectory(path)
    record = directory.read_record()
    config = TrainConfig.checked({**record["config"], "out": str(path)})
    if epochs is not None:
        config = TrainConfig.checked({**config.model_dump(), "epochs": epochs})
    parts = parts_of(record, discover().registry)
    if data is None:
        if record["data"]["reread"] is None:
            raise UserError(f"{path} was trained on an array: pass the same one as data.")
        config = config.model_copy(update={"data": record["data"]["reread"]})
    source = choose_source(config, data)
    if source.record["fingerprint"] != record["data"]["fingerprint"]:
        raise RunError(f"The data of {path} are not what they were when the run began.")
    program = _program(config, parts, source)
    position = load_checkpoint(latest_checkpoint(directory.checkpoints), program.state)
    # One that was stopped after its last epoch still has models and pictures to save.
    if position.epoch >= config.epochs and record["status"] == "complete":
        raise RunError(
            f"{path} has done all of its {config.epochs} epochs; ask for more with --epochs."
        )
    record["config"]["epochs"] = config.epochs
    record.pop("error", None)
    rows = [row for row in directory.read_history() if row["epoch"] <= position.epoch]
    return Session(
        config,
        parts,
        source,
        directory,
        program,
        record,
        callbacks,
        progress,
        position=position,
        rows=rows,
    )


def _program(config: TrainConfig, parts: Parts, source: Source) -> Program:
    loss, needs = parts.build_loss()
    height, width, channels = source.train.pixels.shape[1:]
    vae = build_vae(
        parts,
        (height, width, channels),
        latent_dim=config.latent_dim,
        scale=needs.scale,
        seed=config.seed,
        precision=config.precision,
    )
    optimizer = keras.optimizers.Adam(config.learning_rate)
    return Program(
        vae,
        loss,
        needs,
        optimizer,
        seed=config.seed,
        loss_name=config.loss,
        dataset_size=len(source.train.pixels),
    )


def _default_out(config: TrainConfig) -> str:
    encoder, decoder = (name.partition("@")[0] for name in (config.encoder, config.decoder))
    return f"runs/{encoder}-{decoder}-{datetime.now():%Y%m%d-%H%M%S}"
