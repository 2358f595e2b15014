"""What a peer is asked for, and what it gives."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np

from peers.nets import Weights

LEARNING_RATE = 5e-4
PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16")


class Job(NamedTuple):
    """The work, the same for all.

    images: uint8 `(N, 28, 28, 1)`.
    precision: one of `PRECISIONS`.
    weights: what every peer starts from.
    backend: Keras's, where the peer runs on Keras.
    """

    images: np.ndarray
    batch_size: int
    precision: str
    weights: Weights
    backend: str


class Done(NamedTuple):
    """So many steps: seconds until the last was through on the device, and the last loss.

    A peer that only knows an epoch's average gives that.
    """

    seconds: float
    loss: float


class Refused(Exception):
    """This peer can't do the job; the text is a sentence that says why."""


class Peer(Protocol):
    """Built from a `Job`, which it may refuse with `Refused`."""

    @classmethod
    def check(cls, precision: str, backend: str) -> None:
        """Raise `Refused` for what can be known without building or training anything."""

    @property
    def parameters(self) -> tuple[int, int]:
        """All weights, moving statistics among them, and the trained ones."""

    def steps(self, count: int) -> Done:
        """Train `count` steps, at most one epoch of whole batches, in a new random order."""
