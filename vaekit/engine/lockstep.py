"""A training step as one of several workers does it, on its share of a batch.

Weights are equal on all workers before a step, and equal after it: gradients are averaged over
workers, once a step, before any weight moves, and so is what a step assigns by no gradient. Batch
norm has the moments of the whole batch, and each image the noise that it would have in one process
(`vaekit.kernels.worker_moments`, `vaekit.kernels.worker_draws`). So the step is that of one process
with the whole batch, up to rounding, wherever the loss is a mean over images.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import keras
import numpy as np
from keras import ops

from vaekit.engine.program import Program
from vaekit.engine.slices import Taken
from vaekit.kernels import ActiveKernels
from vaekit.kernels.worker_draws import shared_draws
from vaekit.kernels.worker_moments import shared_moments
from vaekit.types import Tensor
from vaekit.workers import Group


class Lockstep:
    """The workers' part in a program's training steps, and that of the slices of their shares.

    Of one that is alone and takes its batch whole, nothing is changed.

    slices: how many there are of a worker's share.
    assigned: variables that a step moves by no gradient, and that hang on its images: theirs are
        means over workers and slices.
    restarted: what each slice begins with as the step found it.
    """

    def __init__(self, program: Program, group: Group) -> None:
        self.group = group
        self.kernels: ActiveKernels = program.kernels
        self.slices = program.slices
        self.restarted: list[keras.Variable] = program.moved if self.slices > 1 else []
        self.assigned: list[keras.Variable] = []
        if group.size > 1:
            # The faster ones take a worker's own moments.
            self.kernels = program.kernels.without("keras.layers.BatchNormalization.call")
        if group.size * self.slices > 1:
            self.assigned = program.assigned

    @contextmanager
    def stepping(self, batch: Any, number: Any = 0) -> Iterator[None]:
        """While entered, a step on a slice of this share of a batch may be traced or run.

        batch, number: the slice, and which it is; known or not.
        """
        rank, size, collective = self.group.rank, self.group.size, self.group.collective
        with ExitStack() as stack:
            if size * self.slices > 1:
                side = keras.tree.flatten(batch)[0].shape[0]
                which = rank * self.slices + number
                stack.enter_context(shared_draws(which, size * self.slices, side))
            if collective is not None:
                stack.enter_context(shared_moments(collective.sum, rank, size))
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
