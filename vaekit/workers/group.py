"""The workers of one training as each of them sees the others: small messages by way of the first.

It is a star: each worker has a connection to the first, which is the leader and the only one that
writes or says anything. What many bytes take, gradients, goes by the backend's own collective
(`vaekit.workers.collective`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import numpy as np

from vaekit.errors import UserError, VaekitError, WorkerLostError
from vaekit.workers.collective import Collective
from vaekit.workers.environment import Place
from vaekit.workers.messages import Connection

T = TypeVar("T")


class Group:
    """All workers must ask the same of it, in the same order.

    place: this worker's; None where it is alone, and all that is asked costs nothing.
    links: of the leader, connections to all others by their ranks; of another, to the leader.
    collective: what gradients are averaged by; None where it is alone.
    stop: the name of the signal by which something beside the process asked it to stop; None
        before.
    """

    def __init__(
        self,
        place: Place | None = None,
        links: dict[int, Connection] | None = None,
        collective: Collective | None = None,
    ) -> None:
        self.rank, self.size = (0, 1) if place is None else (place.rank, place.size)
        self.collective = collective
        self.stop: str | None = None
        self._links = links or {}

    @property
    def leader(self) -> bool:
        """Whether this is the first worker, which alone writes the run."""
        return self.rank == 0

    def exchange(self, value: Any) -> list[Any]:
        """What each worker gives, by rank; plain values.

        Raises `WorkerLostError` if one is gone, and what one failed with, if one did.
        """
        if self.size == 1:
            return [value]
        if not self.leader:
            self._send(0, {"value": value})
            return self._received(0)
        values = [value, *(self._received(rank) for rank in sorted(self._links))]
        for rank in self._links:
            self._send(rank, {"value": values})
        return values

    def from_leader(self, compute: Callable[[], T]) -> T:
        """What the leader computes, and nobody else: a plain value."""
        if self.size == 1:
            return compute()
        if not self.leader:
            return self._received(0)
        value = compute()
        for rank in self._links:
            self._send(rank, {"value": value})
        return value

    def share(self, variables: Sequence[Any]) -> None:
        """Give all workers the values that these variables have at the leader, to the bit."""
        if self.size == 1:
            return
        if self.leader:
            content = b"".join(np.ascontiguousarray(v.numpy()).tobytes() for v in variables)
            for rank in self._links:
                with self._lost(rank):
                    self._links[rank].send(content)
            return
        with self._lost(0):
            content = self._links[0].receive()
        at = 0
        for variable in variables:
            now = np.asarray(variable.numpy())
            values = np.frombuffer(content, now.dtype, now.size, at).reshape(now.shape)
            variable.assign(values)
            at += now.nbytes

    def refuse_unequal(self, variables: Sequence[Any]) -> None:
        """Raise `VaekitError` unless the variables are equal to the bit on all workers."""
        if self.size == 1:
            return
        digest = hashlib.sha256()
        for variable in variables:
            digest.update(np.ascontiguousarray(variable.numpy()).tobytes())
        digests = self.exchange(digest.hexdigest())
        others = [rank for rank, own in enumerate(digests) if own != digests[0]]
        if others:
            raise VaekitError(
                f"The weights of worker {others[0]} are not those of worker 0, so that what they "
                "average is no gradient of either. Go on from the last checkpoint; if it happens "
                "again, a part of the model computes what it should not on one of the machines."
            )

    def refuse_others(self, what: str, value: Any) -> None:
        """Raise `UserError` unless it is the same on all workers. what: in the plural."""
        values = self.exchange(value)
        for rank, other in enumerate(values):
            if other != values[0]:
                raise UserError(
                    f"All workers must have the same {what}: worker 0 has {values[0]}, and worker "
                    f"{rank} has {other}."
                )

    @contextmanager
    def telling(self) -> Iterator[None]:
        """What is raised within, the others hear of, and raise in their turn."""
        try:
            yield
        except BaseException as error:
            self._fail(error)
            raise

    @contextmanager
    def together(self) -> Iterator[None]:
        """The same, and each worker waits at the end until all are there."""
        with self.telling():
            yield
            self.exchange(None)

    def _fail(self, error: BaseException) -> None:
        if isinstance(error, WorkerLostError) or self.size == 1:
            return  # they hear of it as this one did
        message = getattr(error, "of_worker", None) or {
            "failed": str(error) or type(error).__name__,
            "rank": self.rank,
            "code": getattr(error, "exit_code", 1),
        }
        for link in self._links.values():
            try:
                link.limit(5.0)
                link.send_value(message)
            except OSError:
                continue

    def _send(self, rank: int, message: dict[str, Any]) -> None:
        with self._lost(rank):
            self._links[rank].send_value(message)

    def _received(self, rank: int) -> Any:
        with self._lost(rank):
            message = self._links[rank].receive_value()
        if "failed" in message:
            wrong = UserError if message["code"] == 2 else VaekitError
            error = wrong(f"Worker {message['rank']}: {message['failed']}")
            error.of_worker = message  # type: ignore[attr-defined]  # to be passed on as it is
            raise error
        return message["value"]

    def _lost(self, rank: int) -> _Lost:
        return _Lost(rank, self.size)


class _Lost:
    """What a connection raises is raised as the loss of a worker."""

    def __init__(self, rank: int, size: int) -> None:
        self._rank, self._size = rank, size

    def __enter__(self) -> None: ...

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, OSError | ValueError):
            raise WorkerLostError(
                f"Worker {self._rank} of {self._size} is gone, and with it what the others would "
                "average. The last checkpoint is whole."
            ) from error


ALONE = Group()
