"""What the process that launched hears of its workers, and they of it."""

from __future__ import annotations

from typing import Any, NamedTuple

Text = tuple[str, str]  # of which stream, `stdout` or `stderr`


class Attempt(NamedTuple):
    """What a worker that begins is told.

    number: from 0; later ones go on where the last checkpoint was. out: the run directory, once the
    first worker has one.
    """

    number: int
    out: str | None


class News(NamedTuple):
    """What came since the last look.

    begun: how many workers of the present attempt have begun. attempt: its number, from 0.
    failed: a text for the user and an exit code, from a worker that ended by a `VaekitError`.
    """

    said: list[Text]
    begun: int
    attempt: int
    out: str | None
    failed: tuple[str, int] | None


class Channel:
    """An actor of Ray's beside the launching process; the workers call it."""

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._said: list[Text] = []
        self._begun: set[int] = set()
        self._attempt = -1
        self._out: str | None = None
        self._failed: tuple[str, int] | None = None
        self._stop: str | None = None

    def begin(self, rank: int) -> Attempt:
        """A worker begins."""
        if not self._begun or rank in self._begun:
            self._attempt += 1
            self._begun = set()
        self._begun.add(rank)
        return Attempt(self._attempt, self._out)

    def lost(self) -> None:
        """Workers are gone; Ray starts all again, when it has room."""
        self._begun = set()

    def opened(self, out: str) -> None:
        """The first worker has found the run directory."""
        self._out = out

    def say(self, stream: str, text: str) -> None:
        """The first worker says something."""
        self._said.append((stream, text))

    def fail(self, text: str, code: int) -> None:
        """A worker ends by an error that no new start would mend."""
        if self._failed is None:
            self._failed = text, code

    def stop(self, signal: str) -> None:
        """The user wants training to stop."""
        self._stop = signal

    def stopping(self) -> str | None:
        """The signal by which the user stopped it, or None."""
        return self._stop

    def news(self) -> News:
        """What came since the last call."""
        said, self._said = self._said, []
        return News(said, len(self._begun), self._attempt, self._out, self._failed)


def told(handle: Any, method: str, *args: Any) -> Any:
    """What the channel answers."""
    import ray

    return ray.get(getattr(handle, method).remote(*args))
