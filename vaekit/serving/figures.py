"""The figures of a service, as Prometheus reads them."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Seconds: of a request.
_SECONDS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)


class Figures:
    """Counts and times, in a registry of this service's own.

    paths: those that are told apart; whatever else is asked for counts as `other`.
    """

    def __init__(self, paths: Collection[str]) -> None:
        self._paths = frozenset(paths)
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        registry = self._registry
        self._requests = Counter(
            "vaekit_requests", "Requests answered.", ["path", "status"], registry=registry
        )
        self._seconds = Histogram(
            "vaekit_request_seconds",
            "From a request's head to the end of its answer.",
            ["path"],
            buckets=_SECONDS,
            registry=registry,
        )
        self._rows = Histogram(
            "vaekit_batch_rows",
            "Rows of a call of the model, of all requests that were joined in it.",
            buckets=[2**n for n in range(11)],
            registry=registry,
        )
        self._model_seconds = Counter(
            "vaekit_model_seconds", "Time in calls of joined rows.", registry=registry
        )

    def watch(self, name: str, what: str, value: Callable[[], float]) -> None:
        """Tell a value as it is whenever it is asked for."""
        Gauge(name, what, registry=self._registry).set_function(value)

    def called(self, rows: int, seconds: float) -> None:
        """Note a call of the model."""
        self._rows.observe(rows)
        self._model_seconds.inc(seconds)

    def text(self) -> bytes:
        """All of it, in Prometheus's text format."""
        return generate_latest(self._registry)

    def measured(self, app: ASGIApp) -> ASGIApp:
        """An application whose requests are counted."""

        async def count(scope: Scope, receive: Receive, send: Send) -> None:
            start, status = time.perf_counter(), 500

            async def noting(message: Message) -> None:
                nonlocal status
                status = message.get("status", status)
                await send(message)

            try:
                await app(scope, receive, noting)
            finally:
                path = scope["path"] if scope["path"] in self._paths else "other"
                self._requests.labels(path, str(status)).inc()
                self._seconds.labels(path).observe(time.perf_counter() - start)

        return count
