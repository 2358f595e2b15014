"""What a checkpoint holds, in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import numpy as np


class Variable(Protocol):
    """What is asked of a Keras variable."""

    @property
    def path(self) -> str:
        """Where it belongs."""

    @property
    def shape(self) -> Sequence[int]:
        """Its shape."""

    def numpy(self) -> np.ndarray:
        """Its value."""

    def assign(self, value: np.ndarray, /) -> Any:
        """Set it."""


class Position(NamedTuple):
    """How far training has come, and the sums of the epoch that was under way.

    epoch: epochs done. steps: steps done in all.
    step, images, sums: what of the next epoch is done, and the sums of its steps' rows.
    """

    epoch: int = 0
    step: int = 0
    steps: int = 0
    images: int = 0
    sums: Sequence[float] = ()


@dataclass(frozen=True)
class State:
    """Everything that training goes on from.

    arrays: the program's variables, by their paths, in the program's order.
    order: what decides the order of the images, `seed` and their count.
    best: `epoch` and `steps` of the best epoch so far, and the value that it is the best by.
    callbacks: what Keras callbacks remember, plain values; their arrays are in `callback_arrays`.
    """

    position: Position
    arrays: Sequence[tuple[str, np.ndarray]]
    order: Mapping[str, int] = field(default_factory=dict)
    best: Mapping[str, Any] | None = None
    callbacks: Sequence[Mapping[str, Any]] = ()
    callback_arrays: Sequence[np.ndarray] = ()


def snapshot(variables: Sequence[Variable]) -> list[tuple[str, np.ndarray]]:
    """The values that variables have now, copied: training may go on and change them."""
    return [(variable.path, np.array(variable.numpy())) for variable in variables]


def describe(position: Position) -> dict[str, Any]:
    """What `run.json` says of a position."""
    return {"epochs_done": position.epoch, "steps_done": position.steps}
