"""A thousand damaged files; `tox -e faults` opens a hundred thousand."""

from __future__ import annotations

import pytest

from tests.untrusted.fuzz import Fuzzer
from tests.untrusted.mutate import FORMATS


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
def test_mutants_load_or_are_refused(tmp_path, form):
    fuzzer = Fuzzer(tmp_path)
    fuzzer.run(form, 300 if form.door == "data" else 60, seed=20)
    assert fuzzer.broken == []
    assert fuzzer.outcomes[form.name]["refused"] > 30
