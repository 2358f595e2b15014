"""From a record to parts to a model to its weights: for loading, resuming and replaying."""

from __future__ import annotations

from pathlib import Path

from vaekit.checkpoint import State, checkpoint_of, latest_checkpoint, load_checkpoint
from vaekit.engine import Blueprint, Program
from vaekit.model import Built
from vaekit.registry import Registry
from vaekit.run.provenance import explained, parts_of
from vaekit.run_directory.directory import RunDirectory
from vaekit.run_directory.record import RunRecord


def blueprint_of(record: RunRecord, registry: Registry) -> Blueprint:
    """What the run was built from, its parts as they are installed now.

    Raises `RunError` if a part is missing, or has changed and can't be built as it was.
    """
    with explained(record, registry):
        return Blueprint(
            record.config,
            parts_of(record, registry),
            record.image_shape,
            record.data.training_images,
            compiled=record.chosen("compile") == "on",
            classes=record.data.condition_classes,
        )


def kept_checkpoint(directory: RunDirectory, record: RunRecord) -> Path:
    """The checkpoint whose weights are the run's: that of `RunRecord.kept_epoch`.

    The newest where a process was killed before it had written that one. Raises `RunError` if there
    is none.
    """
    best = record.training.best
    if record.config.patience is not None and best is not None:
        checkpoint = checkpoint_of(directory.checkpoints, best["steps"])
        if checkpoint is not None:
            return checkpoint
    return latest_checkpoint(directory.checkpoints)


def restore_model(
    record: RunRecord, registry: Registry, checkpoint: Path
) -> tuple[Blueprint, Built]:
    """The model of a run with the weights of a checkpoint.

    Raises `RunError` as `blueprint_of` does, or if the checkpoint is damaged or of another model.
    """
    blueprint = blueprint_of(record, registry)
    with explained(record, registry):
        built = blueprint.build()
        load_checkpoint(checkpoint, built.vae.variables)
    return blueprint, built


def restore_program(
    blueprint: Blueprint, checkpoint: Path, built: Built | None = None
) -> tuple[Program, State]:
    """The program of a run in the state of a checkpoint: weights, optimizers, random states.

    built: the model where there is one already; its weights become the checkpoint's.
    """
    program = blueprint.program(built)
    return program, load_checkpoint(checkpoint, program.state)
