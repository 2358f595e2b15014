"""Processes that stand still while another one is measured.

A stopped process can't spin or read ahead, whatever its threads do while they wait.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys


def go_on(process: subprocess.Popen[str]) -> None:
    """Let a stopped process run again; one that runs doesn't mind."""
    process.send_signal(signal.SIGCONT)


def stand_still(process: subprocess.Popen[str]) -> None:
    """Stop it, and return once it stands still."""
    process.send_signal(signal.SIGSTOP)
    os.waitpid(process.pid, os.WUNTRACED)


def die_with_parent() -> None:
    """On Linux: a process that stands still would never see that nobody asks any more."""
    if sys.platform == "linux":
        set_death_signal = 1
        ctypes.CDLL(None).prctl(set_death_signal, signal.SIGKILL)
