"""What of the conformance checks is left to the runs that ask for what is slow."""

from __future__ import annotations

import pytest

# The longest by far. The kit's own parts are trained in most other tests, too.
LONGEST = "-trains_ten_steps]"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.parent.name == "testing" and item.name.endswith(LONGEST):
            item.add_marker(pytest.mark.slow)
