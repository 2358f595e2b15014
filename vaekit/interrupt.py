"""Ctrl-C and SIGTERM: the first stops training after the call under way, the next at once."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

SIGNALS = (signal.SIGINT, signal.SIGTERM)
_PYTHONS_OWN = (signal.SIG_DFL, signal.default_int_handler)


class StoppedAtOnce(KeyboardInterrupt):
    """A second signal came: the one of this name."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.signal = name


class Interrupt:
    """While entered, `stopped_by` tells what asked training to stop: the first signal, by its name.

    It takes the place of Python's own handlers alone: a program that handles a signal itself, and
    one that ignores it, keep doing so, and only the main thread may set handlers at all. Within
    another one, it is asked to stop when that one is.
    """

    def __init__(self) -> None:
        self._stopped_by: str | None = None
        self._outer: Interrupt | None = None
        self._previous: dict[int, Any] = {}

    @property
    def stopped_by(self) -> str | None:
        """What asked to stop; None before."""
        return self._stopped_by or (self._outer.stopped_by if self._outer else None)

    @property
    def requested(self) -> bool:
        """Whether training was asked to stop."""
        return self.stopped_by is not None

    def request(self, reason: str) -> None:
        """Ask to stop, as a signal does; `reason` is what the run's record says it stopped by."""
        self._stopped_by = self._stopped_by or reason

    def __enter__(self) -> Interrupt:
        if threading.current_thread() is threading.main_thread():
            for number in SIGNALS:
                handler = signal.getsignal(number)
                owner = getattr(handler, "__self__", None)
                if isinstance(owner, Interrupt):
                    self._outer = owner
                elif handler in _PYTHONS_OWN:
                    self._previous[number] = signal.signal(number, self._handle)
        return self

    def __exit__(self, *_: object) -> None:
        self._restore()

    def _restore(self) -> None:
        for number, handler in self._previous.items():
            # What a program has set meanwhile stays.
            if signal.getsignal(number) == self._handle:
                signal.signal(number, handler)

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        if self.requested:
            self._restore()
            raise StoppedAtOnce(signal.Signals(number).name)
        self.request(signal.Signals(number).name)


@contextmanager
def sigint_heeded() -> Iterator[None]:
    """While entered, SIGINT isn't ignored: shells start a script's background programs so."""
    main = threading.current_thread() is threading.main_thread()
    if not main or signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        yield
        return
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
