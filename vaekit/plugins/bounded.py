"""Running a stranger's code for a limited time."""

from __future__ import annotations

import contextvars
import math
import os
import sys
import threading
import traceback
from collections.abc import Callable
from types import FrameType

from vaekit.errors import UserError

VARIABLE = "VAEKIT_PLUGIN_TIMEOUT"
SECONDS = 20.0

_KERAS = {"keras", "tensorflow", "jax", "torch"}


class TimedOut(Exception):
    """What ran out of time; a note has the stack that it was stopped at."""


class _GivenUp(BaseException):
    """Raised inside what ran out of time, so that it ends."""


def time_limit() -> float:
    """Seconds that one plugin may take to load: `VAEKIT_PLUGIN_TIMEOUT`, else 20.

    Raises `UserError` if the variable isn't a number above 0.
    """
    text = os.environ.get(VARIABLE, "").strip()
    if not text:
        return SECONDS
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise UserError(f"{VARIABLE} must be a number of seconds above 0, not {text!r}.")
    return min(seconds, threading.TIMEOUT_MAX)


def call_bounded(function: Callable[[], object], seconds: float) -> BaseException | None:
    """Call `function`, and give what it raised: a `TimedOut` after `seconds`, None if nothing.

    It runs in a thread of its own, which is told to stop when time is up. One that can't be
    stopped, because it waits outside Python, is left behind, and doesn't keep the process alive.
    Importing Keras or its backend takes as long as it takes: cut in half, it would be of no use
    to anyone in this process.

    Nothing in this process can catch `os._exit`, or native code that never lets go of the GIL.
    """
    raised: list[BaseException] = []

    def run() -> None:
        try:
            function()
        except BaseException as error:
            raised.append(error)

    context = contextvars.copy_context()
    thread = threading.Thread(target=context.run, args=(run,), daemon=True, name="vaekit-plugin")
    thread.start()
    try:
        thread.join(seconds)
        while thread.is_alive():
            frame = sys._current_frames().get(thread.ident or 0)
            if not _imports_keras(frame):
                return _timed_out(frame, seconds)
            thread.join(seconds)
    finally:  # a Ctrl-C comes here, too
        if thread.is_alive():
            _stop(thread)
    return raised[0] if raised else None


def _imports_keras(frame: FrameType | None) -> bool:
    return any(
        inner.f_code.co_name == "<module>"
        and str(inner.f_globals.get("__name__")).partition(".")[0] in _KERAS
        for inner, _ in traceback.walk_stack(frame)
        if inner is not None
    )


def _timed_out(frame: FrameType | None, seconds: float) -> TimedOut:
    error = TimedOut(
        f"it was not loaded after {seconds:g} s; {VARIABLE} sets how many seconds it may take"
    )
    stack = "".join(traceback.format_stack(frame)) if frame else ""
    error.add_note(f"It was here when its time was up (most recent call last):\n{stack}")
    return error


def _stop(thread: threading.Thread) -> None:
    import ctypes

    ident, error = ctypes.c_ulong(thread.ident or 0), ctypes.py_object(_GivenUp)
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ident, error)
