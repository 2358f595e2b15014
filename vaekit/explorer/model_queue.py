"""The calls of one model, one at a time in a thread of their own; latents decoded together."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, ParamSpec, TypeVar

import numpy as np

from vaekit.errors import VaekitError
from vaekit.run import Run

_Parameters = ParamSpec("_Parameters")
_Result = TypeVar("_Result")

_TOGETHER = 256  # latents: so many go through the model in one call
_ANSWER = 2**26  # bytes: the images of one call
_WAITING_ANSWERS = 16 * _ANSWER  # bytes: the images of all latents that may wait
_WAITING_LATENTS = 1024
_WAITING_CALLS = 16  # each may hold a file of an image
SECONDS = 60.0  # how long anybody waits


class BusyError(VaekitError):
    """More is waiting for the model than may wait."""


class _Waiting(NamedTuple):
    z: np.ndarray
    labels: np.ndarray | None
    images: asyncio.Future[np.ndarray]


class ModelQueue:
    """Who waits for a run's model; for use in one event loop.

    most: how many latents can be decoded at once.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._thread = ThreadPoolExecutor(1, "vaekit-explorer")
        self._waiting: list[_Waiting] = []
        self._calls = 0
        self._decoding: asyncio.Task[None] | None = None
        image = 4 * math.prod(run.image_shape)
        self.most = max(1, min(_TOGETHER, _ANSWER // image))
        self._most_waiting = max(self.most, min(_WAITING_LATENTS, _WAITING_ANSWERS // image))

    async def decode(self, z: np.ndarray, labels: np.ndarray | None) -> np.ndarray:
        """Images `(N, H, W, C)` of latents `(N, *latent_shape)`, N at most `most`.

        Those that wait at the same time are decoded together: 200 requests for an image each take
        a call or two.

        labels: the class of each, checked, in a run with a condition.

        Raises `BusyError` where too many wait, `TimeoutError` after `SECONDS`.
        """
        if sum(len(each.z) for each in self._waiting) + len(z) > self._most_waiting:
            raise BusyError("Too much is waiting for the model. Try again in a moment.")
        asked = _Waiting(z, labels, asyncio.get_running_loop().create_future())
        self._waiting.append(asked)
        if self._decoding is None or self._decoding.done():
            self._decoding = asyncio.create_task(self._decode_waiting())
        async with asyncio.timeout(SECONDS):
            return await asked.images

    async def call(
        self,
        function: Callable[_Parameters, _Result],
        *args: _Parameters.args,
        **kwargs: _Parameters.kwargs,
    ) -> _Result:
        """The result of a function that uses the model. Raises as `decode` and the function do."""
        if self._calls >= _WAITING_CALLS:
            raise BusyError("Too many images are waiting for the model. Try again in a moment.")
        self._calls += 1
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(SECONDS):
                return await loop.run_in_executor(self._thread, lambda: function(*args, **kwargs))
        finally:
            self._calls -= 1

    def close(self) -> None:
        """Start no further call; one that runs can't be stopped."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _decode_waiting(self) -> None:
        loop = asyncio.get_running_loop()
        while together := self._next():
            try:
                images = await loop.run_in_executor(self._thread, self._decoded, together)
            except Exception as error:
                for each in together:
                    if not each.images.done():
                        each.images.set_exception(error)
                continue
            start = 0
            for each in together:
                end = start + len(each.z)
                if not each.images.done():  # as one is that was waited for too long
                    each.images.set_result(images[start:end])
                start = end

    def _next(self) -> list[_Waiting]:
        """Take as many as one call decodes, those that came first."""
        self._waiting = [each for each in self._waiting if not each.images.done()]
        together, count = [], 0
        while self._waiting and count + len(self._waiting[0].z) <= self.most:
            together.append(self._waiting.pop(0))
            count += len(together[-1].z)
        return together

    def _decoded(self, together: list[_Waiting]) -> np.ndarray:
        """Images of all these latents.

        Their number is filled up to a power of two: some backends compile for each anew.
        """
        z = np.concatenate([each.z for each in together])
        count = len(z)
        fill = (1 << (count - 1).bit_length()) - count
        labels = [each.labels for each in together if each.labels is not None]
        every = _filled(np.concatenate(labels), fill) if labels else None
        return self._run.decode(_filled(z, fill), every)[:count]


def _filled(values: np.ndarray, count: int) -> np.ndarray:
    return np.concatenate([values, np.repeat(values[-1:], count, axis=0)])
