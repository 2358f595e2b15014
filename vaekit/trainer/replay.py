"""Doing again the step that diverged, to see where it did."""

from __future__ import annotations

import json
from collections.abc import Sequence
from os import PathLike
from typing import Any, NamedTuple

import keras
import numpy as np

from vaekit.checkpoint import assign, latest_checkpoint, snapshot
from vaekit.engine import Program, compile_train
from vaekit.errors import RunError
from vaekit.optimizer import Slots
from vaekit.plugins import discover
from vaekit.run import RunDirectory, blueprint_of, restore_program
from vaekit.trainer.divergence import STEP
from vaekit.trainer.opening import source_again
from vaekit.trainer.progress import Progress
from vaekit.types import Images


class Replay(NamedTuple):
    """A step that was done again.

    step: counted from 1 within `epoch`, as that is. images: the batch, as indices of the training
    images. terms: averages over the batch. gradients: the L2 norm of each weight's gradient,
    whichever player moves it.
    first_bad: what was not finite first, None if all is.
    """

    epoch: int
    step: int
    images: list[int]
    terms: dict[str, float]
    gradients: dict[str, float]
    first_bad: str | None


def replay_step(path: str | PathLike[str], data: Any = None) -> Replay:
    """Do the step again that a run ended with when it diverged; the run is not changed.

    data: needed only for a run that was trained on an array: the same array.

    Raises `RunError` if the run didn't diverge.
    """
    directory = RunDirectory(path)
    record = directory.read_record()
    if not (directory.diverged / STEP).exists():
        raise RunError(f"{path} has no step to debug: it didn't diverge.")
    step = json.loads(directory.checksums.read(directory.diverged / STEP))
    source = source_again(record.config, data, record, Progress())
    if source.record.fingerprint != record.data.fingerprint:
        raise RunError(f"The data of {path} are not what they were when it diverged.")
    # A replay is not compiled: it goes through the engine's own step, gradient by gradient.
    blueprint = blueprint_of(record, discover().registry)._replace(compiled=False)
    saved = latest_checkpoint(directory.diverged)
    program, state = restore_program(blueprint, saved)
    pixels = source.train.pixels
    block = np.asarray([step["images"]], "int32")

    gradients = _gradients(program, source.train, block)
    assign(state, program.state, str(saved))
    (row,) = compile_train(program, source.train)(block)
    means = program.columns.means(row, block.size)
    stages = (
        ("image", [(str(i), pixels[i]) for i in step["images"]]),
        ("weight before the step", state.arrays),
        ("term", list(means.items())),
        ("gradient", gradients),
        ("weight after the step", snapshot(program.state)),
    )
    return Replay(
        step["epoch"],
        step["step"],
        step["images"],
        {
            name: float(value[0])
            for name, value in means.items()
            if value.size == 1 and name not in program.columns.reported
        },
        {name: float(np.linalg.norm(value.astype("float64"))) for name, value in gradients},
        next((f"{kind} {name}" for kind, values in stages for name in _bad(values)), None),
    )


def _bad(values: Sequence[tuple[str, np.ndarray]]) -> list[str]:
    return [name for name, value in values if not np.isfinite(value).all()]


class _KeepGradients(keras.optimizers.Optimizer):  # type: ignore[misc]  # Keras is untyped
    """Keeps the gradients that it is given, and leaves the weights be."""

    def __init__(self, variables: Sequence[keras.Variable]) -> None:
        super().__init__(learning_rate=1.0, name="gradients")
        self.build(variables)
        self.kept = [self.add_variable_from_reference(v, name="gradient") for v in variables]
        self._slots = Slots(variables)

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        self.assign(self.kept[self._slots.of(variable)], gradient)


def _gradients(program: Program, images: Images, block: np.ndarray) -> list[tuple[str, np.ndarray]]:
    """The gradient of each weight, by its path, as the engine's own step computes it."""
    real = program.objectives
    program.objectives = [
        objective._replace(optimizer=_KeepGradients(objective.variables)) for objective in real
    ]
    try:
        compile_train(program, images)(block)
        return [
            (variable.path, np.array(kept.numpy()))
            for objective in program.objectives
            for variable, kept in zip(objective.variables, objective.optimizer.kept, strict=True)
        ]
    finally:
        program.objectives = real
