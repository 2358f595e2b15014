"""What trackers are told of a run, each on a thread of its own: none can hold training up."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from queue import SimpleQueue
from threading import Thread
from typing import Any

from vaekit.errors import VaekitError, VaekitWarning
from vaekit.model import NO_CONTEXT, Part, build_part
from vaekit.run import PartRecord, TrackerRecord
from vaekit.tracker import Ending, RunResults, TrackedRun, Tracker

# After so long in one call a tracker hangs. A service has its own, shorter limits to each request.
MOST_SECONDS = 120.0

Row = Mapping[str, Any]
_Message = Callable[[Tracker], None]


class Tracking:
    """The trackers of a run; one that fails is warned of once, and left alone.

    They are told by the thread that trains, which never waits for them before `end`.
    """

    def __init__(self, parts: Mapping[str, Part]) -> None:
        """Raises `UserError` for a tracker that can't be had here or refuses its options."""
        self._parts = parts
        self._listeners = {
            name: _Listener(build_part(part, NO_CONTEXT)) for name, part in parts.items()
        }
        self._kept: Callable[[], int] = lambda: 0
        self._warned: set[str] = set()

    def start(self, run_of: Callable[[str], TrackedRun], kept: Callable[[], int]) -> None:
        """Training begins. run_of: what a tracker is told of the run, by its name.

        kept: gives how many steps a checkpoint on the disk holds.
        """
        self._kept = kept
        for name, listener in self._listeners.items():
            listener.start(run_of(name))

    def step(self, step: int, terms: Row) -> None:
        """See `Tracker.step`."""
        self._tell(step, lambda tracker: tracker.step(step, terms))

    def epoch(self, epoch: int, step: int, row: Row) -> None:
        """See `Tracker.epoch`."""
        row = dict(row)  # the run's own is changed by what is measured at its end
        self._tell(step, lambda tracker: tracker.epoch(epoch, step, row))

    def results(self, epoch: int, step: int, results: RunResults) -> None:
        """See `Tracker.results`."""
        self._tell(step, lambda tracker: tracker.results(epoch, results))

    def __enter__(self) -> Tracking:
        return self

    def __exit__(self, kind: object, error: BaseException | None, *_: object) -> None:
        """What raises ends them, too."""
        if error is not None:
            self.end(
                "interrupted" if isinstance(error, KeyboardInterrupt | SystemExit) else "failed"
            )

    def end(self, status: Ending) -> None:
        """Wait until all is told, or a tracker hangs. What is told later isn't passed on."""
        self._release()
        for listener in self._listeners.values():
            listener.finish(status)
        for listener in self._listeners.values():
            listener.wait()
        self._warn()

    @property
    def record(self) -> dict[str, TrackerRecord]:
        """What a run's record says of its trackers, by name."""
        return {
            name: TrackerRecord(
                part=PartRecord.of(part.component, part.options),
                failed=self._listeners[name].failure,
            )
            for name, part in self._parts.items()
        }

    def __bool__(self) -> bool:
        """Whether there is anybody to tell."""
        return bool(self._parts)

    def _tell(self, step: int, message: _Message) -> None:
        for listener in self._listeners.values():
            listener.tell(step, message)
        self._release()

    def _release(self) -> None:
        kept = self._kept()
        for listener in self._listeners.values():
            listener.release(kept)
        self._warn()

    def _warn(self) -> None:
        for name, listener in self._listeners.items():
            if listener.failure is not None and name not in self._warned:
                self._warned.add(name)
                text = f"The tracker {name!r} is told nothing more: {listener.failure}"
                warnings.warn(VaekitWarning(text), stacklevel=2)


class _Listener:
    """One tracker, its thread, and what waits until a checkpoint holds it.

    failure: why it is told nothing more; None while it is.
    """

    def __init__(self, tracker: Tracker) -> None:
        self._tracker = tracker
        self._failure: str | None = None
        self._waiting: list[tuple[int, _Message]] = []
        self._messages: SimpleQueue[_Message | None] = SimpleQueue()
        self._called_at: float | None = None
        self._thread: Thread | None = None

    @property
    def failure(self) -> str | None:
        called_at = self._called_at
        if called_at is not None and time.monotonic() - called_at > MOST_SECONDS:
            self._failure = f"it hasn't come back from a call for {MOST_SECONDS:.0f} seconds."
        return self._failure

    def start(self, run: TrackedRun) -> None:
        self._messages.put(lambda tracker: tracker.start(run))
        self._thread = Thread(target=self._listen, name=f"tracker of {run.name}", daemon=True)
        self._thread.start()

    def tell(self, step: int, message: _Message) -> None:
        if self._failure is None:
            self._waiting.append((step, message))

    def release(self, kept: int) -> None:
        """Pass on what can be taken back, or is of no later step than `kept`."""
        while self._waiting and (self._tracker.takes_back or self._waiting[0][0] <= kept):
            self._messages.put(self._waiting.pop(0)[1])

    def finish(self, status: Ending) -> None:
        self._messages.put(lambda tracker: tracker.end(status))
        self._messages.put(None)

    def wait(self) -> None:
        """Until the thread is through, or hangs."""
        while self._thread is not None and self._thread.is_alive() and self.failure is None:
            self._thread.join(0.05)

    def _listen(self) -> None:
        for message in self._received():
            self._called_at = time.monotonic()
            try:
                message(self._tracker)
            except VaekitError as error:
                self._failure = str(error)
            except BaseException as error:  # a stranger's tracker may raise anything at all
                self._failure = f"{type(error).__name__}: {error}"
            self._called_at = None

    def _received(self) -> Iterator[_Message]:
        while self._failure is None and (message := self._messages.get()) is not None:
            yield message
