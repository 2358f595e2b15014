"""How a check says what it found. Not by `assert`, which `python -O` takes out."""

from __future__ import annotations

from typing import Any

import numpy as np


class CheckSkipped(Exception):
    """Raised by a check that has nothing to say about a part; the text says why."""


def require(condition: Any, sentence: str) -> None:
    """Raise `AssertionError` with the sentence if the condition is false."""
    if not condition:
        raise AssertionError(sentence)


def require_near(given: np.ndarray, expected: np.ndarray, sentence: str) -> None:
    """Raise `AssertionError` with the sentence unless the values agree as float32 can be hoped to.

    sentence: without its full stop; by how much they differ is added.
    """
    if not np.allclose(given, expected, rtol=1e-4, atol=1e-5):
        raise AssertionError(f"{sentence}, by up to {np.abs(given - expected).max():.3g}.")
