"""How much may be under way at a time: beyond that, who asks is told to come again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from vaekit.errors import VaekitError


class BusyError(VaekitError):
    """More is under way than may be."""


class Share:
    """The bytes that one request holds of a budget."""

    def __init__(self, budget: MemoryBudget) -> None:
        self.bytes = 0
        self._budget = budget

    def take(self, count: int) -> None:
        """Hold so many bytes more. Raises `BusyError` where others hold them."""
        self._budget.taken += count
        self.bytes += count
        if self._budget.taken > self._budget.most:
            raise BusyError("Too much is being answered at this time. Try again in a moment.")


class MemoryBudget:
    """Bytes that all requests together may hold: bodies, what is made of them, answers.

    most: of all. taken: of those under way; for use in one event loop.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.taken = 0

    @contextmanager
    def share(self) -> Iterator[Share]:
        """What a request holds, until it is left."""
        share = Share(self)
        try:
            yield share
        finally:
            self.taken -= share.bytes
