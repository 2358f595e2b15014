"""Each check catches a planted fault, and no other check takes it for its own."""

from __future__ import annotations

import pytest

from tests.testing.gallery import SHOWN
from vaekit.testing import check_component
from vaekit.testing.run import CHECKS

# It starts a process of its own; only the part that is broken so takes the time.
SLOW = "opens_in_a_fresh_process"


@pytest.mark.parametrize("name", SHOWN)
def test_broken_part_fails_exactly_its_check(name):
    kind, check, factory = SHOWN[name]
    skip = () if check == SLOW else (SLOW,)
    results = check_component(factory, kind, skip=skip, raise_on_failure=False)
    failed = {result.check: result.reason for result in results if result.status == "failed"}
    assert list(failed) == [check], failed
    assert failed[check].strip()


def test_every_check_is_shown_to_catch_something():
    # A check that several kinds share is shown on one of them.
    every = {function.__name__ for functions in CHECKS.values() for function in functions}
    assert {check for _, check, _ in SHOWN.values()} == every
