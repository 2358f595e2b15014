"""A training step as one of several workers does it, on its share of a batch.

Weights are equal on all workers before a step, and equal after it: gradients are averaged over
workers, once a step, before any weight moves, and so is what a step assigns by no gradient. Batch
norm has the moments of the whole batch, and each image the noise that it would have in one process
(`vaekit.kernels.worker_moments`, `vaekit.kernels.worker_draws`). So the step is that of one process
with the whole batch, up to rounding, wherever the loss is a mean over images.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import ops

from vaekit.engine.program import Program
from vaekit.kernels import ActiveKernels
from vaekit.kernels.worker_draws import shared_draws
from vaekit.kernels.worker_moments import shared_moments
from vaekit.types import Tensor
from vaekit.workers import Group


class Taken(NamedTuple):
    """What a step makes of a batch, before weights move: gradients of each objective, and a row.

    assigned: the values of `Lockstep.assigned`, after the step.
    """

    gradients: list[list[Any]]
    row: Tensor
    assigned: list[Any]


class Lockstep:
    """The workers' part in a program's training steps; of one that is alone, nothing is changed.

    assigned: variables that a step moves by no gradient, and that hang on its images.
    """

    def __init__(self, program: Program, group: Group) -> None:
        self.group = group
        self.kernels: ActiveKernels = program.kernels
        self.assigned: list[keras.Variable] = []
        if group.size > 1:
            # The faster ones take a worker's own moments.
            self.kernels = program.kernels.without("keras.layers.BatchNormalization.call")
            self.assigned = program.assigned

    @contextmanager
    def stepping(self, batch: Any) -> Iterator[None]:
        """While entered, a step on this share of a batch, known or not, may be traced or run."""
        if self.group.collective is None:
            yield
            return
        side = keras.tree.flatten(batch)[0].shape[0]
        rank, size = self.group.rank, self.group.size
        with (
            shared_draws(rank, size, side),
            shared_moments(self.group.collective.sum, rank, size),
        ):
            yield

    def averaged(self, taken: Taken) -> Taken:
        """The same over all workers: means of gradients and of what was assigned, sums of rows."""
        if self.group.collective is None:
            return taken
        parts = [part for gradients in taken.gradients for part in gradients if part is not None]
        parts += taken.assigned
        flat = [ops.reshape(ops.cast(part, "float32"), (-1,)) for part in (*parts, taken.row)]
        total = self.group.collective.sum(ops.concatenate(flat))
        means = iter(_parts(total / self.group.size, parts))
        gradients = [
            [None if part is None else next(means) for part in gradients]
            for gradients in taken.gradients
        ]
        row = total[total.shape[0] - taken.row.shape[0] :]
        return Taken(gradients, row, list(means))


def _parts(total: Tensor, like: Sequence[Any]) -> Iterator[Any]:
    """A flat tensor cut into parts of these shapes and types, its end left over."""
    at = 0
    for part in like:
        count = int(np.prod(part.shape))
        yield ops.cast(ops.reshape(total[at : at + count], part.shape), part.dtype)
        at += count
