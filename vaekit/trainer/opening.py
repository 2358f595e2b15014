"""Getting a run ready to train: a new one, or one that stopped."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import keras

from vaekit.checkpoint import latest_checkpoint, list_checkpoints, load_checkpoint
from vaekit.config import TrainConfig
from vaekit.data import recorded_scale
from vaekit.engine import Program
from vaekit.errors import RunError, UserError
from vaekit.model import Parts, build_vae, resolve_parts
from vaekit.optimizer import build_optimizer
from vaekit.plugins import discover
from vaekit.run import (
    RunDirectory,
    custom_layers,
    describe_environment,
    describe_parts,
    explained,
    own_data,
    parts_of,
)
from vaekit.startup import Choice, as_record
from vaekit.trainer.changes import (
    find_changes,
    record_changes,
    refuse_changes,
    refuse_spent_rate,
)
from vaekit.trainer.choices import make_choices
from vaekit.trainer.keras_callbacks import refuse_rates
from vaekit.trainer.progress import Progress
from vaekit.trainer.session import Session
from vaekit.trainer.sources import Source, choose_source


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
    refuse_rates(config, callbacks)
    source = choose_source(config, data, progress.note)
    choices = make_choices(config, callbacks, source.train.pixels)
    program = build_program(config, parts, source, compiled=_compiled(choices))
    for name in custom_layers(program.vae.autoencoder):
        progress.note(f"The layer {name} is not Keras's own: saved models need it to open again.")
    config = _resolved(config, parts, source, str(directory.path))
    record = {
        "format": 1,
        "status": "running",
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "image_shape": list(program.vae.image_shape),
        "seed": config.seed,
        **_described(config, parts, source, choices),
    }
    return Session(config, parts, source, directory, program, record, callbacks, progress)


def reopen_session(
    path: str | Path,
    data: Any,
    *,
    asked: TrainConfig | None = None,
    epochs: int | None = None,
    checkpoint: str | None = None,
    allow: Collection[str] = (),
    callbacks: Sequence[keras.callbacks.Callback],
    progress: Progress,
) -> Session:
    """A run that stopped, from its newest checkpoint on, or from the one named.

    asked: all options again, to be compared with the run's own; `epochs` may ask for more in all.
    allow: names of changes to take, of those that would otherwise be refused.

    Raises `RunError` if there is nothing to go on with, if another process is writing into the
    run, or with a list of what is not as it was when the run began.
    """
    directory = RunDirectory(path)
    if directory.record.exists():
        directory.lock.acquire()
    try:
        return _reopened(directory, data, asked, epochs, checkpoint, allow, callbacks, progress)
    except BaseException:
        directory.lock.release()
        raise


def _reopened(
    directory: RunDirectory,
    data: Any,
    asked: TrainConfig | None,
    epochs: int | None,
    checkpoint: str | None,
    allow: Collection[str],
    callbacks: Sequence[keras.callbacks.Callback],
    progress: Progress,
) -> Session:
    record = directory.read_record()
    config = asked or TrainConfig.checked(record["config"])
    refuse_rates(config, callbacks)
    more = {} if epochs is None else {"epochs": epochs}
    config = TrainConfig.checked({**config.model_dump(), **more, "out": str(directory.path)})
    registry = discover().registry
    with explained(record, registry):
        parts = resolve_parts(config, registry) if asked else parts_of(record, registry)
        source = source_again(config, data, record, progress.note, other=bool(asked and asked.data))
        choices = make_choices(config, callbacks, source.train.pixels, began=record)
        now = _described(config, parts, source, choices)
        changes = find_changes(record, config, now)
        refuse_changes(changes, allow, directory.path)
        program = build_program(config, parts, source, compiled=_compiled(choices))
        start = _start(directory, record, checkpoint)
        saved = load_checkpoint(start, program.state) if start else None
        if saved is not None:
            refuse_spent_rate(config, len(source.train.pixels), saved.position)
    done = saved.position.epoch if saved else 0
    # One that was stopped after its last epoch still has models and pictures to save.
    if done >= config.epochs and record["status"] == "complete":
        raise RunError(
            f"{directory.path} has done all of its {config.epochs} epochs; ask for more with "
            "--epochs."
        )
    session = Session(config, parts, source, directory, program, record, callbacks, progress)
    if saved is not None:
        session.checkpoint, session.saved = start, saved
        session.position, session.best = saved.position, saved.best
        if directory.steps.exists():
            directory.checksums.read(directory.steps)  # which goes on, too
        session.rows = [row for row in directory.read_history() if row["epoch"] <= done]
    if not (asked and asked.data) and not any(change.name == "data" for change in changes):
        source = source._replace(record=record["data"])  # which says how they were asked for
    resolved = _resolved(config, parts, source, config.out)
    record.update(_described(resolved, parts, source, choices))
    record_changes(record, changes, session.position.steps)
    for name in ("error", "stopped_by"):
        record.pop(name, None)
    return session


def build_program(
    config: TrainConfig, parts: Parts, source: Source, *, compiled: bool = False
) -> Program:
    """The program of a run at its start. compiled: whether torch compiles its steps."""
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
    images = len(source.train.pixels)
    return Program(
        vae,
        loss,
        needs,
        build_optimizer(config, images),
        seed=config.seed,
        loss_name=config.loss,
        dataset_size=images,
        compiled=compiled,
    )


def _compiled(choices: Sequence[Choice]) -> bool:
    return any((choice.name, choice.value) == ("compile", "on") for choice in choices)


def source_again(
    config: TrainConfig,
    data: Any,
    record: dict[str, Any],
    note: Callable[[str], None],
    *,
    other: bool = False,
) -> Source:
    """The data that a run was trained on; those of `config` instead, if `other`.

    Raises `UserError` if it was trained on an array, and there is none in `data`.
    """
    if data is None and not other:
        again = own_data(record, discover().registry)
        if again is None:
            raise UserError("The run was trained on an array: pass the same one as data.")
        config = config.model_copy(update={"data": again})
    return choose_source(config, data, note, scale=recorded_scale(record["data"]))


def _start(directory: RunDirectory, record: dict[str, Any], name: str | None) -> Path | None:
    """The checkpoint to go on from; None for a run that was killed before its first."""
    found = list_checkpoints(directory.checkpoints)
    if name is not None:
        named = [path for path in found if path.name == name]
        if not named:
            there = ", ".join(path.name for path in found) or "none"
            raise UserError(f"{directory.path} has no checkpoint {name!r}. There are: {there}.")
        return named[0]
    if not found and not record["training"]["steps_done"]:
        return None
    return latest_checkpoint(directory.checkpoints)


def _resolved(config: TrainConfig, parts: Parts, source: Source, out: str | None) -> TrainConfig:
    """The config as the record holds it, with nothing left to choose."""
    return config.model_copy(
        update={
            "backend": keras.backend.backend(),
            "data": source.record["used"],
            "out": out,
            # As the parts' signatures type them; the command line gave texts.
            "encoder_opt": parts.encoder_options,
            "decoder_opt": parts.decoder_options,
            "loss_opt": parts.loss_options,
        }
    )


def _described(
    config: TrainConfig, parts: Parts, source: Source, choices: Sequence[Choice]
) -> dict[str, Any]:
    """What a record says of how a run is made."""
    return {
        "config": config.model_dump(mode="json"),
        "parts": describe_parts(parts),
        "data": source.record,
        **describe_environment(),
        "choices": as_record(choices),
    }


def _default_out(config: TrainConfig) -> str:
    encoder, decoder = (name.partition("@")[0] for name in (config.encoder, config.decoder))
    return f"runs/{encoder}-{decoder}-{datetime.now():%Y%m%d-%H%M%S}"
