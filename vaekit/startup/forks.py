"""A process that was forked after the backend started: its threads are not in the child.

Whatever waits for one of them there waits for ever.
"""

from __future__ import annotations

import os

from vaekit.errors import UserError

_started_in: set[int] = set()


def note_start() -> None:
    """The backend has started its threads in this process."""
    _started_in.add(os.getpid())


def refuse_fork() -> None:
    """Raise `UserError` in a process that was forked from one in which the backend had started."""
    if _started_in and os.getpid() not in _started_in:
        raise UserError(
            "This process was forked from one in which Keras had started, whose threads it lacks, "
            "so it can't compute. Start processes by multiprocessing.get_context('spawn'), or fork "
            "before vaekit is first used."
        )
