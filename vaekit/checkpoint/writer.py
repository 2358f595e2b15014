"""Writing beside training: one checkpoint at a time, and what went wrong is not lost."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor


class Writer:
    """A thread that writes while the caller goes on."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="checkpoint")
        self._writing: Future[object] | None = None

    def submit(self, write: Callable[[], object]) -> None:
        """Have `write` called, after the last one is through. Raises what the last one raised."""
        self.wait()
        self._writing = self._thread.submit(write)

    def check(self) -> None:
        """Raise what a write that is over has raised."""
        if self._writing is not None and self._writing.done():
            self.wait()

    def wait(self) -> None:
        """Wait for the write under way. Raises what it raised, once."""
        writing, self._writing = self._writing, None
        if writing is not None:
            writing.result()

    def close(self) -> None:
        """Let the write under way end, whatever comes of it."""
        self._thread.shutdown()
