"""A hundred thousand damaged files of seven formats."""

from __future__ import annotations

import json
import subprocess
import sys


def test_a_hundred_thousand_mutants():
    done = subprocess.run(
        [sys.executable, "-m", "tests.untrusted.fuzz", "100000"], capture_output=True, text=True
    )
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
    facts = json.loads(done.stdout.splitlines()[-1])
    assert facts["mutants"] >= 100_000
    assert facts["broken"] == []
    assert facts["peak_mb"] < 2048
