"""What is claimed of the kit, how it is tried, and what came of that."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Literal, NamedTuple, get_args

import numpy as np

from vaekit.testing import CheckSkipped

Status = Literal["failed", "passed", "skipped"]
STATUSES: tuple[Status, ...] = get_args(Status)


class Comparison(NamedTuple):
    """What should be and what is, as texts, and how far they may be apart."""

    expected: str
    got: str
    tolerance: str
    passed: bool


class Claim(NamedTuple):
    """One thing that must be so.

    area: what it is about: `likelihoods`, `latent planar`, ... name: of it, within its area.
    what: the claim, as a sentence or an equation.
    compare: tries it. It may raise `AssertionError` with a sentence, or `CheckSkipped`.
    """

    area: str
    name: str
    what: str
    compare: Callable[[], Comparison]


class Finding(NamedTuple):
    """What came of a claim on one backend."""

    backend: str
    area: str
    name: str
    what: str
    status: Status
    expected: str
    got: str
    tolerance: str
    seconds: float

    @property
    def title(self) -> str:
        """Which it is, for people."""
        return f"{self.area}: {self.name}"


def near(expected: Any, got: Any, *, rtol: float = 1e-4, atol: float = 1e-5) -> Comparison:
    """Numbers or arrays of one shape that agree; told of those that are furthest apart."""
    expected, got = (np.asarray(values, "float64") for values in (expected, got))
    tolerance = f"{rtol:.1g} of it + {atol:.1g}"
    if expected.shape != got.shape:
        return Comparison(f"shape {expected.shape}", f"shape {got.shape}", tolerance, False)
    allowed = atol + rtol * np.abs(expected)
    return _worst(expected, got, allowed, tolerance)


def within(expected: Any, got: Any, error: Any, *, errors: float = 5.0) -> Comparison:
    """Means of draws that agree with what they estimate within so many standard errors."""
    expected, got, error = _broadcast(expected, got, error)
    allowed = errors * error + 1e-4 * (1.0 + np.abs(expected))
    return _worst(expected, got, allowed, f"{errors:g} standard errors")


def at_most(bound: Any, got: Any, *, slack: Any = 0.0, reason: str = "") -> Comparison:
    """Numbers that are none above their bounds."""
    bound, got, slack = _broadcast(bound, got, slack)
    worst = np.argmax(got - bound - slack)
    passed = bool((got <= bound + slack).all())
    bound, got, slack = (np.ravel(values)[worst] for values in (bound, got, slack))
    return Comparison(f"at most {bound:.7g}", f"{got:.7g}", reason or f"{slack:.2g}", passed)


def holds(condition: Any, expected: str, got: Any, tolerance: str = "exact") -> Comparison:
    """Something that is so or not."""
    return Comparison(expected, str(got), tolerance, bool(condition))


def tried(claims: Iterable[Claim], backend: str) -> Iterator[Finding]:
    """What comes of claims, each as soon as it is known."""
    for claim in claims:
        start = time.perf_counter()
        status, comparison = _outcome(claim)
        seconds = round(time.perf_counter() - start, 3)
        area, name, what, _ = claim
        yield Finding(backend, area, name, what, status, *comparison[:3], seconds)


def _outcome(claim: Claim) -> tuple[Status, Comparison]:
    try:
        comparison = claim.compare()
    except CheckSkipped as reason:
        return "skipped", Comparison("", str(reason), "", True)
    except Exception as error:  # what is claimed of others' parts may raise anything
        sentence = " ".join(str(error).split()) or "it gave no reason"
        kind = "" if isinstance(error, AssertionError) else f"{type(error).__name__}: "
        return "failed", Comparison("", f"{kind}{sentence}", "", False)
    return ("passed" if comparison.passed else "failed"), comparison


def _broadcast(*values: Any) -> tuple[np.ndarray, ...]:
    return np.broadcast_arrays(*(np.asarray(value, "float64") for value in values))


def _worst(
    expected: np.ndarray, got: np.ndarray, allowed: np.ndarray, tolerance: str
) -> Comparison:
    apart = np.abs(expected - got)
    passed = bool((apart <= allowed).all())  # not where either is no number
    worst = np.argmax(np.nan_to_num(apart / allowed, nan=np.inf))
    shown, given = (f"{np.ravel(values)[worst]:.7g}" for values in (expected, got))
    more = f" (the furthest of {expected.size})" if expected.size > 1 else ""
    return Comparison(f"{shown}{more}", given, tolerance, passed)
