"""Values as a page's data carries them: text that its scripts read back."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np


def float_text(values: np.ndarray) -> str:
    """Numbers of any shape, flat, as base64 of little-endian float32: `vaekit.floats` reads it."""
    return base64.b64encode(values.astype("<f4").tobytes()).decode("ascii")


def data_url(content: bytes, media_type: str) -> str:
    """A file as an address that holds it."""
    return f"data:{media_type};base64,{base64.b64encode(content).decode('ascii')}"


def finite(value: Any) -> float | None:
    """A number as JSON has it; None for NaN and infinities, for which it has no word."""
    number = float(value)
    return number if abs(number) < float("inf") else None
