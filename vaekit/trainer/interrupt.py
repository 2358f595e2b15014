"""Ctrl-C and SIGTERM: the first stops training after the call under way, the next at once."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Any

from vaekit.workers import ALONE, Group

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class StoppedAtOnce(KeyboardInterrupt):
    """A second signal came: the one of this name."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.signal = name


class Interrupt:
    """While entered, `signal` names the first that came to stop training; None before.

    group: the workers that stop together.
    """

    def __init__(self, group: Group = ALONE) -> None:
        self.signal: str | None = None
        self._group = group
        self._previous: dict[int, Any] = {}

    @property
    def requested(self) -> bool:
        """Whether training was asked to stop."""
        return self.signal is not None

    def agreed(self) -> bool:
        """The same of any worker: all stop after the same step. They ask equally often."""
        signals = self._group.exchange(self.signal or self._group.stop)
        self.signal = next((name for name in signals if name is not None), None)
        return self.requested

    def __enter__(self) -> Interrupt:
        # Only the main thread may handle signals; elsewhere they are the caller's.
        if threading.current_thread() is threading.main_thread():
            self._previous = {number: signal.signal(number, self._handle) for number in SIGNALS}
        return self

    def __exit__(self, *_: object) -> None:
        self._restore()

    def _restore(self) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        if self.requested:
            self._restore()
            raise StoppedAtOnce(signal.Signals(number).name)
        self.signal = signal.Signals(number).name
