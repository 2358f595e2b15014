"""A weight that is 0 for a while."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from keras import ops


@dataclass(frozen=True)
class LateStart:
    """0 before step `start`, then 1: a `vaekit.schedules.Schedule`."""

    start: int

    def __call__(self, step: Any) -> Any:
        """1 from `start` on."""
        return ops.cast(step >= self.start, "float32")
