"""How a check says what it saw, and what becomes of that. Not by `assert`: `-O` takes it out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from vaekit.testing.subject import Subject

Status = Literal["passed", "failed", "known", "skipped"]


class CheckSkipped(Exception):
    """Raised by a check that has nothing to say about a part; the text says why."""


class Result(NamedTuple):
    """How one check went.

    status: `passed`, `failed`, `known` (a failure that was declared) or `skipped`.
    reason: why it failed, is known to, or was skipped, in one line.
    """

    check: str
    status: Status
    reason: str
    seconds: float


class CheckFailedError(AssertionError):
    """At least one check failed. `results` has all of them."""

    def __init__(self, subject: Subject, results: list[Result]) -> None:
        self.results = results
        failed = [result for result in results if result.status == "failed"]
        lines = [f"The {subject.title} fails {len(failed)} of {len(results)} checks:"]
        super().__init__("\n".join([*lines, *(f"  {r.check}: {r.reason}" for r in failed)]))


def require(condition: Any, sentence: str) -> None:
    """Raise `AssertionError` with the sentence if the condition is false."""
    if not condition:
        raise AssertionError(sentence)


def require_near(values: np.ndarray, expected: np.ndarray, sentence: str) -> None:
    """Raise `AssertionError` with the sentence unless the values agree as float32 can be hoped to.

    sentence: without its full stop; by how much they differ is added.
    """
    if not np.allclose(values, expected, rtol=1e-4, atol=1e-5):
        raise AssertionError(f"{sentence}, by up to {np.abs(values - expected).max():.3g}.")
