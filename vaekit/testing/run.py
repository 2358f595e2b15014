"""One generator of checks, and two ways to run them: a call, and a pytest parametrization."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from vaekit.registry import Component
from vaekit.startup import keras_defaults
from vaekit.testing.checks import CheckFunction, checks_of
from vaekit.testing.subject import Subject, subject_of
from vaekit.testing.verdict import CheckFailedError, CheckSkipped, Result, Status
from vaekit.types import Factory


@dataclass(frozen=True)
class Check:
    """One check of one part; call it.

    Raises `AssertionError` with a sentence if it fails, `CheckSkipped` if it doesn't apply.
    """

    subject: Subject
    function: CheckFunction

    @property
    def name(self) -> str:
        """The check's name, as `known_failures` takes it."""
        return self.function.__name__

    def __call__(self) -> None:
        with keras_defaults():
            self.function(self.subject)


def checks_for(subject: Subject) -> Iterator[tuple[str, Check]]:
    """The names and the checks of one part, in a fixed order.

    Raises `ValueError` if a known failure is declared of a check that there isn't.
    """
    functions = checks_of(subject.kind)
    names = [function.__name__ for function in functions]
    for name in subject.known_failures:
        if name not in names:
            raise ValueError(f"There is no check {name!r} of a {subject.kind}: {', '.join(names)}.")
    for function in functions:
        yield function.__name__, Check(subject, function)


def run_checks(subject: Subject, *, skip: Collection[str] = ()) -> Iterator[Result]:
    """Run the checks of one part, one at a time, and give how each went as soon as it's known."""
    for name, check in checks_for(subject):
        if name not in skip:
            yield _result(check)


def check_component(
    part: str | Component | Factory | Subject,
    kind: str | None = None,
    *,
    known_failures: Mapping[str, str] | None = None,
    skip: Collection[str] = (),
    raise_on_failure: bool = True,
) -> list[Result]:
    """Run every check of a part: a registered name, a registered part or a bare factory.

    kind: needed for a bare factory, and for a name that parts of several kinds have.
    known_failures: checks that may fail, each with the reason. One that passes is a failure, so
        that the list stays true.
    skip: checks to leave out.

    Raises `CheckFailedError`, telling all failures, unless `raise_on_failure` is false.
    """
    subject = subject_of(part, kind, known_failures=known_failures)
    results = list(run_checks(subject, skip=skip))
    if raise_on_failure and any(result.status == "failed" for result in results):
        raise CheckFailedError(subject, results)
    return results


def _result(check: Check) -> Result:
    declared = check.subject.known_failures.get(check.name)
    start = time.perf_counter()

    def result(status: Status, reason: str) -> Result:
        return Result(check.name, status, reason, time.perf_counter() - start)

    try:
        check()
    except CheckSkipped as error:
        return result("skipped", str(error))
    except Exception as error:
        if declared is not None:
            return result("known", declared)
        text = " ".join(str(error).split()) or "it gave no reason"
        is_verdict = isinstance(error, AssertionError)
        return result("failed", text if is_verdict else f"{type(error).__name__}: {text}")
    if declared is not None:
        return result("failed", f"It passes, but is declared to fail: {declared}.")
    return result("passed", "")
