"""How long to train, in steps: what says more than epochs where images may be many or few."""

from __future__ import annotations

import math
from typing import NamedTuple


class Steps(NamedTuple):
    """Epochs that make `total` steps, but from `least` to `most` of them."""

    total: int
    least: int = 1
    most: int = 1_000_000

    def epochs(self, images: int, batch_size: int) -> int:
        """The epochs of so many training images."""
        wanted = math.ceil(self.total / math.ceil(images / batch_size))
        return min(max(wanted, self.least), self.most)
