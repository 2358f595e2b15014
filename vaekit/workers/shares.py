"""Each worker an equal share of every batch, in equal slices: then means of means are the batch's.

Slices of workers' shares are the batch cut into as many equal parts, in its order.
"""

from __future__ import annotations

import numpy as np

from vaekit.errors import UserError
from vaekit.wording import option_text


def refuse_uneven(batch_size: int, workers: int, slices: int = 1) -> None:
    """Raise `UserError` if so many workers can't have equal shares of a batch, in equal slices."""
    shares = workers * slices
    if batch_size % shares == 0:
        return
    above = -(-batch_size // shares) * shares
    below = above - shares
    either = f"{below} or {above}" if below else str(above)
    options = [("workers", workers), ("accumulate", slices)]
    others = " or ".join(option_text(name) for name, number in options if number > 1)
    raise UserError(
        f"A batch of {batch_size} images can't be {_divided(workers, slices)}: choose "
        f"{option_text('batch_size')} {either}, or other {others}."
    )


def _divided(workers: int, slices: int) -> str:
    if slices == 1:
        return f"shared equally by {workers} workers"
    if workers == 1:
        return f"cut into {slices} equal slices"
    return f"shared equally by {workers} workers, each share in {slices} equal slices"


def own_rows(block: np.ndarray, rank: int, size: int) -> np.ndarray:
    """A worker's share `(S, B / size)` of each batch of a block `(S, B)`: its rows in their order.

    So the shares, one after the other, are the batch.
    """
    share = block.shape[1] // size
    return block[:, rank * share : (rank + 1) * share]
