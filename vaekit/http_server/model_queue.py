"""The calls of one model, one at a time in a thread of their own; rows of one kind joined."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple, ParamSpec, TypeVar

import numpy as np

from vaekit.errors import UserError
from vaekit.http_server.busy import BusyError

_Parameters = ParamSpec("_Parameters")
_Result = TypeVar("_Result")

# Of arrays `(N, ...)`, or None where a model takes none, makes others `(N, ...)`, by name.
RowFunction = Callable[..., Mapping[str, np.ndarray]]

WAITING_CALLS = 16  # each may hold a file of an image
SECONDS = 60.0  # how long anybody waits


class _Waiting(NamedTuple):
    """kind: those of one kind can be joined."""

    kind: tuple[Any, ...]
    columns: tuple[np.ndarray | None, ...]
    rows: int
    results: asyncio.Future[Mapping[str, np.ndarray]]


def _nothing(rows: int, seconds: float) -> None:
    pass


class ModelQueue:
    """Who waits for a model; for use in one event loop.

    name: of the thread. most: how many rows go through the model in one call. most_waiting: how
    many rows may wait, in all. most_calls: how many calls of functions may, beside them; None is
    `WAITING_CALLS`. gather: seconds that the first of a call waits for others to come. seconds: how
    long anybody waits; None is `SECONDS`.
    done: told of each joined call how many rows it had and how long it took, in the loop.
    """

    def __init__(
        self,
        name: str,
        *,
        most: int,
        most_waiting: int,
        most_calls: int | None = None,
        gather: float = 0.0,
        seconds: float | None = None,
        done: Callable[[int, float], None] = _nothing,
    ) -> None:
        self.most = most
        self.most_waiting = most_waiting
        self._most_calls = most_calls
        self._gather = gather
        self._seconds = seconds
        self._done = done
        self._thread = ThreadPoolExecutor(1, name)
        self._waiting: list[_Waiting] = []
        self._calls = 0
        self._joining: asyncio.Task[None] | None = None

    @property
    def waiting_rows(self) -> int:
        """How many rows wait for a call of their own."""
        return sum(each.rows for each in self._waiting)

    async def joined(
        self, function: RowFunction, *columns: np.ndarray | None
    ) -> Mapping[str, np.ndarray]:
        """What a function makes of the rows of `columns`, `(N, ...)` each, N at most `most`.

        Rows that wait for the same function at the same time go through it together: 200 requests
        for an image each take a call or two. Their number is filled up to a power of two, since
        some backends compile for each anew; what is made of a row mustn't hang on the others. Where
        that raises a `UserError`, each is tried alone.

        Raises `BusyError` where too many wait, `TimeoutError` after the queue's seconds.
        """
        rows = next(len(column) for column in columns if column is not None)
        if self.waiting_rows + rows > self.most_waiting:
            raise BusyError("Too much is waiting for the model. Try again in a moment.")
        kind = (function, *(None if c is None else (c.dtype, c.shape[1:]) for c in columns))
        results: asyncio.Future[Mapping[str, np.ndarray]] = (
            asyncio.get_running_loop().create_future()
        )
        self._waiting.append(_Waiting(kind, columns, rows, results))
        if self._joining is None or self._joining.done():
            self._joining = asyncio.create_task(self._join_waiting())
        async with asyncio.timeout(self._limit):
            return await results

    async def call(
        self,
        function: Callable[_Parameters, _Result],
        *args: _Parameters.args,
        **kwargs: _Parameters.kwargs,
    ) -> _Result:
        """The result of a function that uses the model. Raises as `joined` and the function do."""
        most = WAITING_CALLS if self._most_calls is None else self._most_calls
        if self._calls >= most:
            raise BusyError("Too many images are waiting for the model. Try again in a moment.")
        self._calls += 1
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._limit):
                return await loop.run_in_executor(self._thread, lambda: function(*args, **kwargs))
        finally:
            self._calls -= 1

    def close(self) -> None:
        """Start no further call; one that runs can't be stopped."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    @property
    def _limit(self) -> float:
        return SECONDS if self._seconds is None else self._seconds

    async def _join_waiting(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            if self._gather and self.waiting_rows < self.most:
                await asyncio.sleep(self._gather)
            together = self._next()
            if not together:
                continue
            start = time.perf_counter()
            results = await loop.run_in_executor(self._thread, _results, together)
            self._done(sum(each.rows for each in together), time.perf_counter() - start)
            for each, own in zip(together, results, strict=True):
                if each.results.done():  # as one is that was waited for too long
                    continue
                if isinstance(own, Exception):
                    each.results.set_exception(own)
                else:
                    each.results.set_result(own)

    def _next(self) -> list[_Waiting]:
        """Take as many as one call has room for: the first, and others of its kind."""
        self._waiting = [each for each in self._waiting if not each.results.done()]
        together: list[_Waiting] = []
        others: list[_Waiting] = []
        rows = 0
        for each in self._waiting:
            fits = not together or each.kind == together[0].kind
            if fits and rows + each.rows <= self.most:
                together.append(each)
                rows += each.rows
            else:
                others.append(each)
        self._waiting = others
        return together


def _results(together: list[_Waiting]) -> list[Mapping[str, np.ndarray] | Exception]:
    """What the function of these makes of each, or why it doesn't."""
    try:
        return [*_split(together)]
    except UserError as error:  # of some rows among them
        if len(together) > 1:
            return [result for each in together for result in _results([each])]
        return [error]
    except Exception as error:
        return [error] * len(together)


def _split(together: list[_Waiting]) -> list[Mapping[str, np.ndarray]]:
    rows = sum(each.rows for each in together)
    fill = (1 << (rows - 1).bit_length()) - rows
    columns = [_joined(column, fill) for column in zip(*(e.columns for e in together), strict=True)]
    function: RowFunction = together[0].kind[0]
    results = function(*columns)
    ends = np.cumsum([each.rows for each in together]).tolist()
    return [
        {name: values[end - each.rows : end] for name, values in results.items()}
        for each, end in zip(together, ends, strict=True)
    ]


def _joined(columns: tuple[np.ndarray | None, ...], fill: int) -> np.ndarray | None:
    """The rows of all, and the last one again as often as it takes to fill up."""
    arrays = [column for column in columns if column is not None]
    if not arrays:
        return None
    return np.concatenate([*arrays, np.repeat(arrays[-1][-1:], fill, axis=0)])
