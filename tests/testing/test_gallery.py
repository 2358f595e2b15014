"""Each check catches a planted fault, and no other check takes it for its own."""

from __future__ import annotations

import pytest

from tests.testing.gallery import SHOWN
from vaekit.testing import check_component
from vaekit.testing.checks import CHECKS


@pytest.mark.slow
@pytest.mark.parametrize("name", SHOWN)
def test_broken_part_fails_exactly_its_check(name):
    kind, checks, factory = SHOWN[name]
    results = check_component(factory, kind, raise_on_failure=False)
    assert [result.check for result in results] == [function.__name__ for function in CHECKS[kind]]
    failed = {result.check: result.reason for result in results if result.status == "failed"}
    assert tuple(failed) == checks, failed
    assert all(failed.values())
    assert not any("\n" in reason for reason in failed.values())


def test_every_check_is_shown_to_catch_something():
    # A check that several kinds share is shown on one of them.
    shown = {
        function
        for kind, (check, *_), _ in SHOWN.values()
        for function in CHECKS[kind]
        if function.__name__ == check
    }
    assert shown == {function for functions in CHECKS.values() for function in functions}
