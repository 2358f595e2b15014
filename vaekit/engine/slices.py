"""A batch in equal slices, one after the other, whose gradients are averaged before the one update.

The memory is that of a slice. All slices begin with what the step found: batch norm's averages,
codebooks, random states; of what each leaves, numbers that hang on its images are averaged, as
those of workers are (`vaekit.engine.lockstep`), and the others are the same after each. Each image
has the noise that it would have in the whole batch. So the step is that of the whole batch, up to
rounding, wherever the loss is a mean over images and nothing in the nets looks from one image to
another, as batch norm does: its moments are a slice's.

Keras's `gradient_accumulation_steps` is another thing: it makes an optimizer move once in so many
batches, and schedules, checkpoints and what is reported would go by steps that move nothing. Here
the batch stays that of the update.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import keras
from keras import ops

from vaekit.types import Tensor


class Taken(NamedTuple):
    """What a step makes of a batch, before weights move: gradients of each objective, and a row.

    assigned: the values of `Lockstep.assigned`, after the step.
    """

    gradients: list[list[Any]]
    row: Tensor
    assigned: list[Any]

    def plus(self, other: Taken) -> Taken:
        """The sums of both."""
        pairs = zip(self.gradients, other.gradients, strict=True)
        return Taken(
            [_sums(*pair) for pair in pairs],
            self.row + other.row,
            _sums(self.assigned, other.assigned),
        )

    def averaged(self, count: int) -> Taken:
        """Means, where this is the sum over so many slices; the row stays a sum."""
        return Taken(
            [[part / count for part in gradients] for gradients in self.gradients],
            self.row,
            [part / count for part in self.assigned],
        )


def in_slices(batch: Any, count: int) -> Any:
    """A batch's arrays `(B, ...)`, cut into slices `(count, B / count, ...)`."""
    return keras.tree.map_structure(
        lambda part: ops.reshape(part, (count, -1, *part.shape[1:])), batch
    )


def slice_at(slices: Any, number: Any) -> Any:
    """One of them, by its number."""
    return keras.tree.map_structure(lambda part: part[number], slices)


def one_by_one(batch: Any, count: int, taken_of: Callable[[Any, int], Taken]) -> Taken:
    """The mean over slices of what `taken_of` makes of each, `(slice, number)`."""
    if count == 1:
        return taken_of(batch, 0)
    slices = in_slices(batch, count)
    total: Taken | None = None
    for number in range(count):
        taken = taken_of(slice_at(slices, number), number)
        total = taken if total is None else total.plus(taken)
    assert total is not None
    return total.averaged(count)


def _sums(some: list[Any], others: list[Any]) -> list[Any]:
    return [one + other for one, other in zip(some, others, strict=True)]
