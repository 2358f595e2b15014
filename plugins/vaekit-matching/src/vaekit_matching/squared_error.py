"""The cost of a reconstruction where there is no likelihood."""

from __future__ import annotations

from typing import Any

from keras import ops


def squared_error(x: Any, reconstruction: Any) -> Any:
    """|x - x~|^2 over pixels and channels, `(B,)`."""
    return ops.sum(ops.square(x - reconstruction), axis=(-3, -2, -1))
