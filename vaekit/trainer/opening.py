"""Getting a run ready to train: a new one, or one that stopped."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from os import PathLike
from pathlib import Path
from typing import Any, Literal

import keras

from vaekit.augmentation import AUGMENTATIONS
from vaekit.autotune import UNTUNED, Tuning
from vaekit.checkpoint import State, checkpoint_of, latest_checkpoint, list_checkpoints
from vaekit.config import TrainConfig
from vaekit.data import BINARIZATIONS, Scale, recorded_scale
from vaekit.engine import Blueprint, Program
from vaekit.errors import RunError, UserError
from vaekit.model import Parts, resolve_asked, resolve_parts
from vaekit.plugins import discover
from vaekit.registry import RUN_KINDS, Registry
from vaekit.run import (
    RunDirectory,
    RunRecord,
    Status,
    custom_layers,
    describe_environment,
    explained,
    find_changes,
    own_data,
    parts_of,
    record_changes,
    record_choices,
    record_parts,
    refuse_changes,
    refuse_spent_rate,
    restore_program,
)
from vaekit.startup import Choice, on_cpu
from vaekit.timeline import part
from vaekit.trainer.choices import make_choices
from vaekit.trainer.epoch_metrics import EpochMetrics
from vaekit.trainer.keras_callbacks import refuse_callbacks
from vaekit.trainer.named import resolve_named
from vaekit.trainer.preset import refuse_uninstalled
from vaekit.trainer.progress import Progress
from vaekit.trainer.session import Session
from vaekit.trainer.slices_told import slices_line
from vaekit.trainer.sources import Source, choose_source
from vaekit.trainer.tracking import Tracking
from vaekit.wording import option_text
from vaekit.workers import ALONE, Group


def open_session(
    config: TrainConfig,
    data: Any,
    *,
    callbacks: Sequence[keras.callbacks.Callback],
    progress: Progress,
    group: Group = ALONE,
    tuning: Tuning = UNTUNED,
) -> Session:
    """A new run. `data` are arrays or a `Dataset`, or None for what `config.data` names.

    group: the workers that train it; all but the first do as the first is asked.
    tuning: why `config` has what was measured to be faster.

    Raises a `UserError` for whatever can't be done; nothing is written yet.
    """
    scale = None
    _tell(group, config, None)
    if not group.leader:
        config, scale = _told(group)
    with part("plugins"):
        registry = discover().registry
        metrics = resolve_named(config, registry)
        tracking = _tracking(config, registry)
    if config.out is not None and group.leader:
        RunDirectory(config.out).refuse_existing()
    with part("images"):
        source = choose_source(config, data, progress, scale)
    config = config.model_copy(update=dict(source.chosen.values))
    parts = resolve_parts(config, registry)
    directory = RunDirectory(config.out or default_out(config))
    if group.leader:
        directory.refuse_existing()
    refuse_callbacks(config, callbacks)
    choices = make_choices(
        config, callbacks, source.train.pixels, source.chosen.choice, None, tuning
    )
    blueprint = _blueprint(config, parts, source, choices)
    if blueprint.compiled and group.size > 1 and keras.backend.backend() == "torch":
        raise UserError(
            f"torch can't compile a step that {group.size} workers do together: leave "
            f"{option_text('compile')} out."
        )
    if blueprint.compiled and config.remat and keras.backend.backend() == "torch":
        raise UserError(
            "A compiled step keeps what torch's compiler chooses: leave "
            f"{option_text('remat')} out, or {option_text('compile')}."
        )
    with part("nets"):
        built = blueprint.build()
        program = blueprint.program(built)
    for name in config.augment:
        progress.note(f"Augmented, {name}: {AUGMENTATIONS[name]}.")
    if config.binarize is not None:
        progress.note(f"In black and white, {config.binarize}: {BINARIZATIONS[config.binarize]}.")
    if config.accumulate > 1:
        progress.note(slices_line(config, program, parts["loss"].name))
    if config.remat and keras.backend.backend() == "jax" and on_cpu():
        progress.note(
            f"On a processor JAX's compiler undoes {option_text('remat', True)}, and no memory is "
            f"saved: {option_text('accumulate')} saves it here, and so does TensorFlow."
        )
    if len(program.vae.latent_shape) > 1 and program.vae.takes_vector:
        shape = "x".join(map(str, program.vae.latent_shape))
        progress.note(
            f"The decoder {parts['decoder'].name!r} takes a vector, so z of {shape} is flattened "
            f"to {program.vae.latent_dim} values for it."
        )
    for name in custom_layers(program.vae.autoencoder):
        progress.note(f"The layer {name} is not Keras's own: saved models need it to open again.")
    if program.own.variables:
        paths = ", ".join(variable.path for variable in program.own.variables)
        progress.note(f"The loss has variables of its own, trained and saved with it: {paths}.")
    blueprint = blueprint._replace(config=_resolved(blueprint, source, str(directory.path)))
    record = _record(blueprint, source, choices, status="running")
    measured = EpochMetrics(config, metrics, program, parts, source)
    _refuse_other(group, source, program)
    return Session(
        blueprint,
        built,
        source,
        directory,
        program,
        record,
        callbacks,
        progress,
        measured,
        tracking,
        group=group,
    )


def _tell(group: Group, config: TrainConfig, scale: Scale | None) -> None:
    """Let the other workers know what is to be trained; each reads the data by itself."""
    if group.leader:
        values = config.model_dump(mode="json", exclude_unset=True)
        group.from_leader(lambda: {"config": values, "scale": scale and dict(scale)})


def _told(group: Group) -> tuple[TrainConfig, Scale | None]:
    """What the first worker is asked to train, but for what it alone writes; the run's scale."""
    told: Mapping[str, Any] = group.from_leader(dict)
    alone = {"metric": (), "track": (), "figures": False, "step_log": False}
    return TrainConfig.checked({**told["config"], **alone}), told["scale"]


def _refuse_other(group: Group, source: Source, program: Program) -> None:
    """Raise `UserError` unless all workers have read the same, and built the same."""
    group.refuse_others("images", source.record.fingerprint)
    group.refuse_others("variables", [[v.path, *v.shape] for v in program.state])


def reopen_session(
    path: str | PathLike[str],
    data: Any,
    *,
    asked: TrainConfig | None = None,
    epochs: int | Literal["auto"] | None = None,
    patience: int | None = None,
    checkpoint: str | None = None,
    allow: Collection[str] = (),
    callbacks: Sequence[keras.callbacks.Callback],
    progress: Progress,
    group: Group = ALONE,
) -> Session:
    """A run that stopped, from its newest checkpoint on, or from the one named.

    asked: all options again, to be compared with the run's own; `epochs` may ask for more in all,
        and `patience` to wait for longer.
    allow: names of changes to take, of those that would otherwise be refused.

    Raises `RunError` if there is nothing to go on with, if another process is writing into the
    run, or with a list of what is not as it was when the run began.
    """
    directory = RunDirectory(path)
    if directory.record.exists():
        directory.lock.acquire()
    try:
        more = {"epochs": epochs, "patience": patience}
        more = {name: value for name, value in more.items() if value is not None}
        return _reopened(
            directory, data, asked, more, checkpoint, allow, callbacks, progress, group
        )
    except BaseException:
        directory.lock.release()
        raise


def _reopened(
    directory: RunDirectory,
    data: Any,
    asked: TrainConfig | None,
    more: Mapping[str, Any],
    checkpoint: str | None,
    allow: Collection[str],
    callbacks: Sequence[keras.callbacks.Callback],
    progress: Progress,
    group: Group,
) -> Session:
    record = directory.read_record()
    # A record leaves nothing for a preset to choose.
    values = asked.model_dump(exclude_unset=True) if asked else record.config.model_dump()
    config = TrainConfig.checked({**values, **more, "out": str(directory.path)})
    config = config.model_copy(update={"workers": group.size})
    own_data_again = record.data.reread if config.data is None or not asked else config.data
    _tell(
        group,
        config.model_copy(update={"data": own_data_again}),
        recorded_scale(record.data.scale, record.data.type),
    )
    registry = discover().registry
    metrics = resolve_asked("metric", config.metric, config.metric_opt, registry)
    tracking = _tracking(config, registry)
    with explained(record, registry):
        own_parts = None if asked else parts_of(record, registry)
        refuse_uninstalled(config, registry)
        source = source_again(config, data, record, progress, other=bool(asked and asked.data))
        config = config.model_copy(update=dict(source.chosen.values))
        refuse_callbacks(config, callbacks)
        parts = own_parts or resolve_parts(config, registry)
        preset = record.choices.get("preset")
        choice = Choice("preset", preset.value, preset.why) if preset else source.chosen.choice
        choices = make_choices(config, callbacks, source.train.pixels, choice, resumed=record)
        blueprint = _blueprint(config, parts, source, choices)
        now = _record(blueprint, source, choices, status=record.status)
        changes = find_changes(record, now)
        refuse_changes(changes, allow, directory.path)
        built = blueprint.build()
        start = _start(directory, record, checkpoint)
        if start is None:
            program, saved = blueprint.program(built), None
        else:
            program, saved = restore_program(blueprint, start, built)
            refuse_spent_rate(config, len(source.train.pixels), saved.position)
    done = saved.position.epoch if saved else 0
    # One that was stopped after its last epoch still has models and pictures to save.
    best = None if saved is None else _best_there(saved, directory, progress.note)
    if record.status == "complete":
        _refuse_complete(config, done, best, directory.path)
    if not (asked and asked.data) and not any(change.name == "data" for change in changes):
        source = source._replace(record=record.data)  # which says how they were asked for
    blueprint = blueprint._replace(config=_resolved(blueprint, source, config.out))
    # What the run began as stays; all else is as it is now.
    kept = {name: getattr(record, name) for name in ("created", "training", "metrics", "changes")}
    now = _record(blueprint, source, choices, status=record.status).model_copy(update=kept)
    measured = EpochMetrics(config, metrics, program, parts, source, record.metrics)
    session = Session(
        blueprint, built, source, directory, program, now, callbacks, progress, measured, tracking
    )
    session.group = group
    _refuse_other(group, source, program)
    if saved is not None:
        session.checkpoint, session.saved = start, saved
        session.position, session.best = saved.position, best
        if directory.steps.exists():
            directory.checksums.read(directory.steps)  # which goes on, too
        session.rows = [row for row in directory.read_history() if row["epoch"] <= done]
    record_changes(now, changes, session.position.steps)
    return session


def _tracking(config: TrainConfig, registry: Registry) -> Tracking:
    """The trackers that are asked for; they are handed nothing of the run's images or latents.

    Raises `UserError` for one that can't be had here.
    """
    parts = resolve_asked("tracker", config.track, config.track_opt, registry)
    return Tracking(parts)


def _refuse_complete(
    config: TrainConfig, done: int, best: Mapping[str, Any] | None, path: Path
) -> None:
    """Raise `RunError` if nothing of a complete run is left to do."""
    if done >= config.most_epochs:
        raise RunError(
            f"{path} has done all of its {config.most_epochs} epochs; ask for more with --epochs."
        )
    if config.patience is not None and best and done - best["epoch"] >= config.patience:
        raise RunError(
            f"{path} stopped early after epoch {done}: none was better than epoch {best['epoch']} "
            f"for {config.patience} epochs. Ask for more of them with --patience."
        )


def _best_there(
    saved: State, directory: RunDirectory, note: Callable[[str], None]
) -> Mapping[str, Any] | None:
    """The best epoch until a checkpoint; None if there is none, or its weights are gone."""
    best = saved.best
    if best is None or checkpoint_of(directory.checkpoints, best["steps"]):
        return best
    note(
        f"The weights of the best epoch until here, {best['epoch']}, were given up for a later "
        "one's: the best is looked for from here on."
    )
    return None


def _blueprint(
    config: TrainConfig, parts: Parts, source: Source, choices: Sequence[Choice]
) -> Blueprint:
    height, width, channels = source.train.pixels.shape[1:]
    return Blueprint(
        config,
        parts,
        (height, width, channels),
        len(source.train.pixels),
        compiled=any((choice.name, choice.value) == ("compile", "on") for choice in choices),
        classes=source.record.condition_classes,
    )


def source_again(
    config: TrainConfig,
    data: Any,
    record: RunRecord,
    progress: Progress,
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
        options = config.data_opt or record.config.data_opt
        config = config.model_copy(update={"data": again, "data_opt": options})
    scale = recorded_scale(record.data.scale, record.data.type)
    return choose_source(config, data, progress, scale)


def _start(directory: RunDirectory, record: RunRecord, name: str | None) -> Path | None:
    """The checkpoint to go on from; None for a run that was killed before its first."""
    checkpoints = list_checkpoints(directory.checkpoints)
    if name is not None:
        matching = [path for path in checkpoints if path.name == name]
        if not matching:
            names = ", ".join(path.name for path in checkpoints) or "none"
            raise UserError(f"{directory.path} has no checkpoint {name!r}. There are: {names}.")
        return matching[0]
    if not checkpoints and not record.training.steps_done:
        return None
    return latest_checkpoint(directory.checkpoints)


def _resolved(blueprint: Blueprint, source: Source, out: str | None) -> TrainConfig:
    """The config as the record holds it, with nothing left to choose."""
    # As the parts' signatures type them; the command line gave texts.
    options = {
        RUN_KINDS[kind].options_field: part.options for kind, part in blueprint.parts.items()
    }
    chosen = {"backend": keras.backend.backend(), "data": source.record.used, "out": out}
    chosen["kernels"] = blueprint.config.kernels or "fused"
    return blueprint.config.model_copy(update={**chosen, **options})


def _record(
    blueprint: Blueprint, source: Source, choices: Sequence[Choice], *, status: Status
) -> RunRecord:
    """The record of a run that is made so, here and now."""
    return RunRecord(
        status=status,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        image_shape=blueprint.image_shape,
        seed=blueprint.config.seed,
        config=blueprint.config,
        parts=record_parts(blueprint.parts),
        data=source.record,
        choices=record_choices(choices),
        **describe_environment(),
    )


def default_out(config: TrainConfig) -> str:
    """A folder named after the run's backbones, which show, and the time."""
    backbones = (config.parts[kind] for kind in ("encoder", "decoder"))
    names = [name.partition("@")[0] for name in backbones]
    return f"runs/{'-'.join(names)}-{datetime.now():%Y%m%d-%H%M%S}"
