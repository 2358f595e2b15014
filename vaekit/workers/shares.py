"""Each worker an equal share of every batch: then means of means are the batch's own."""

from __future__ import annotations

import numpy as np

from vaekit.errors import UserError
from vaekit.wording import option_text


def refuse_uneven(batch_size: int, workers: int) -> None:
    """Raise `UserError` if so many workers can't have equal shares of a batch."""
    if batch_size % workers == 0:
        return
    above = -(-batch_size // workers) * workers
    below = above - workers
    either = f"{below} or {above}" if below else str(above)
    raise UserError(
        f"A batch of {batch_size} images can't be shared equally by {workers} workers: choose "
        f"{option_text('batch_size')} {either}, or other {option_text('workers')}."
    )


def own_rows(block: np.ndarray, rank: int, size: int) -> np.ndarray:
    """A worker's share `(S, B / size)` of each batch of a block `(S, B)`: its rows in their order.

    So the shares, one after the other, are the batch.
    """
    share = block.shape[1] // size
    return block[:, rank * share : (rank + 1) * share]
