"""The conformance suite under pytest: a mark, found by every pytest where vaekit is installed.

::

    @pytest.mark.vaekit_checks("mine", kind="encoder")
    def test_conforms(check):
        check()

makes one test of each check of each part. pytest imports this module at every start, so it imports
nothing of weight before a test has the mark.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pytest

from vaekit.errors import VaekitError

if TYPE_CHECKING:
    from vaekit.registry import Component
    from vaekit.testing import Check, Subject
    from vaekit.types import Factory

MARK = "vaekit_checks"
ARGUMENT = "check"


def pytest_configure(config: pytest.Config) -> None:
    """Make the mark known."""
    config.addinivalue_line(
        "markers",
        f"{MARK}(*parts, kind=None, known_failures=None): call the test with `{ARGUMENT}`, once "
        "for each check of vaekit's conformance suite and each part (a registered name, a "
        "factory, a Component or a Subject; none is all that are registered).",
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make one test of each check that a marked test asks for."""
    marks = list(metafunc.definition.iter_markers(MARK))
    if not marks:
        return
    if ARGUMENT not in metafunc.fixturenames:
        raise _refusal(metafunc, f"a marked test is called with `{ARGUMENT}`; take that argument.")
    try:
        cases = [case for mark in marks for case in vaekit_checks(*mark.args, **mark.kwargs)]
    except (VaekitError, ValueError, TypeError) as error:
        raise _refusal(metafunc, str(error)) from None
    metafunc.parametrize(ARGUMENT, cases)


def _refusal(metafunc: pytest.Metafunc, reason: str) -> BaseException:
    """An error of collection that pytest shows without a traceback."""
    who = f"{MARK} of {metafunc.function.__name__}"
    refusal: BaseException = pytest.fail.Exception(f"{who}: {reason}", pytrace=False)
    return refusal


def vaekit_checks(
    *parts: str | Component | Factory | Subject,
    kind: str | None = None,
    known_failures: Mapping[str, str] | None = None,
) -> Iterator[Any]:
    """The cases that a mark with these arguments stands for.

    kind: needed for a bare factory, and for a name that parts of several kinds have. Without
        parts, only what is registered of this kind.
    known_failures: checks that may fail, each with the reason. They become strict xfails.

    Raises `ValueError` or `UserError` if a part, a kind or a check is not there.
    """
    from vaekit.startup import select_backend

    select_backend(None)  # before the suite imports Keras, so that its chatter stays off the log

    from vaekit.testing import checks_for, registered, subject_of

    for part in parts or registered(kind):
        subject = subject_of(part, kind, known_failures=known_failures)
        for name, check in checks_for(subject):
            reason = subject.known_failures.get(name)
            yield pytest.param(
                _skipping(check),
                id=f"{subject.kind}-{subject.name}-{name}",
                marks=[] if reason is None else [pytest.mark.xfail(reason=reason, strict=True)],
            )


def _skipping(check: Check) -> Callable[[], None]:
    from vaekit.testing import CheckSkipped

    def call() -> None:
        try:
            check()
        except CheckSkipped as reason:
            pytest.skip(str(reason))

    return call
