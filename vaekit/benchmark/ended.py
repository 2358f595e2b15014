"""Why a process that was measured, or was asked something, is no more."""

from __future__ import annotations

import signal


def why_ended(code: int, said: str) -> str:
    """The last line of what it said; where it was killed, by which signal.

    code: as `subprocess` gives it, negative for a signal.
    """
    if code < 0:
        return f"it was ended by {signal.Signals(-code).name}."
    lines = said.strip().splitlines()
    return lines[-1] if lines else f"it ended with {code} and said nothing."
