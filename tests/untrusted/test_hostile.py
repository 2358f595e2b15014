"""Files that want to do harm: refused in a sentence, with nothing run, changed or left behind.

What it costs is measured in `tests/faults`, on a machine that does nothing else.
"""

from __future__ import annotations

import pytest

from tests.untrusted.every_case import CASES
from tests.untrusted.judge import complaint, judge


@pytest.mark.parametrize("name", CASES)
def test_refused(tmp_path, name):
    (folder := tmp_path / "files").mkdir()
    verdict = judge(name, folder)
    print(f"{verdict.seconds:.2f} s, {verdict.peak >> 20} MB: {verdict.said}")
    assert complaint(verdict) is None
