"""Who waits for a run's model to decode or to encode."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import ParamSpec, TypeVar

import numpy as np

from vaekit.http_server.model_queue import ModelQueue
from vaekit.run import Run

_Parameters = ParamSpec("_Parameters")
_Result = TypeVar("_Result")

_TOGETHER = 256  # latents: so many go through the model in one call
_ANSWER = 2**26  # bytes: the images of one call
_WAITING_ANSWERS = 16 * _ANSWER  # bytes: the images of all latents that may wait
_WAITING_LATENTS = 1024


class RunQueue:
    """A queue of latents to decode, and of other calls, of one run; for use in one event loop.

    most: how many latents can be decoded at once.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        image = 4 * math.prod(run.image_shape)
        self.most = max(1, min(_TOGETHER, _ANSWER // image))
        self.calls = ModelQueue(
            "vaekit-explorer",
            most=self.most,
            most_waiting=max(self.most, min(_WAITING_LATENTS, _WAITING_ANSWERS // image)),
        )

    async def decode(self, z: np.ndarray, labels: np.ndarray | None) -> np.ndarray:
        """Images `(N, H, W, C)` of latents `(N, *latent_shape)`, N at most `most`.

        Those that wait at the same time are decoded together.

        labels: the class of each, checked, in a run with a condition.

        Raises as `ModelQueue.joined` does.
        """
        return (await self.calls.joined(self._decoded, z, labels))["images"]

    async def call(
        self,
        function: Callable[_Parameters, _Result],
        *args: _Parameters.args,
        **kwargs: _Parameters.kwargs,
    ) -> _Result:
        """See `ModelQueue.call`."""
        return await self.calls.call(function, *args, **kwargs)

    def close(self) -> None:
        """Start no further call; one that runs can't be stopped."""
        self.calls.close()

    def _decoded(self, z: np.ndarray, labels: np.ndarray | None) -> Mapping[str, np.ndarray]:
        return {"images": self._run.decode(z, labels)}
