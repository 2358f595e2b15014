"""A process that was forked from one in which the backend had started."""

from __future__ import annotations

import os
import signal

import pytest

import vaekit


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning", "ignore:os.fork:RuntimeWarning")
@pytest.mark.parametrize("call", ["encode", "evaluate", "load"])
def test_what_would_hang_is_refused(run, digits, call):
    calls = {
        "encode": lambda: run.encode(digits),
        "evaluate": run.evaluate,
        "load": lambda: vaekit.load(run.path),
    }
    child = os.fork()
    if not child:
        signal.alarm(60)  # one that hangs is ended
        code = 1
        try:
            calls[call]()
        except vaekit.UserError as error:
            code = 0 if "forked" in str(error) else 2
        finally:
            os._exit(code)
    assert os.waitpid(child, 0)[1] == 0
