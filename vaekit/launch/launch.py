"""From one call to a run by several workers, and its end in a sentence if it can't be had."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from vaekit.errors import UserError, VaekitError, WorkerLostError
from vaekit.launch.address import answers
from vaekit.launch.channel import News
from vaekit.launch.cluster import HeadLostError, cluster
from vaekit.launch.ray_train import Fit, Job, channel_for, trainer_of
from vaekit.wording import resume_text

# As long as workers wait for one another.
SECONDS_VARIABLE = "VAEKIT_JOIN_SECONDS"
_SECONDS = 300.0
_HEAD_LOOK, _HEAD_SECONDS = 2.0, 20.0  # without an answer of the head, the run is over
_GRACE = 10.0  # that other workers have to end when one has failed
_LOOK = 0.2
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def launch(job: Job) -> str:
    """Have workers do a job to its end, and give the run directory that they wrote.

    What the first worker says is said here. The first signal that comes to this process stops them
    as it stops a run of one.

    Raises `UserError` if Ray can't be had or has no room, what a worker ended by, and
    `WorkerLostError` if workers were lost more often than is allowed, or the head of the cluster.
    """
    with cluster(job.address, job.workers) as ray, tempfile.TemporaryDirectory() as storage:
        channel = channel_for(ray, job.workers)
        fit = Fit(trainer_of(ray, job, channel, storage))
        with _signals_to(channel):
            return _followed(ray, job, channel, fit)


def _followed(ray: Any, job: Job, channel: Any, fit: Fit) -> str:
    """Pass on what the workers say until all is done, or can't be."""
    head = _Head(ray.get_runtime_context().gcs_address)
    limit = float(os.environ.get(SECONDS_VARIABLE) or _SECONDS)
    complete = time.monotonic()
    failed_at: float | None = None
    out: str | None = None
    while True:
        over = fit.over  # before the last news, which then are all
        if head.lost(at_once=fit.error is not None):
            raise HeadLostError(
                f"The head of the Ray cluster at {head.address} doesn't answer.{_go_on(out)}"
            )
        news = _news(ray, channel)
        if news is not None:
            out = news.out
            for stream, text in news.said:
                print(text, end="", file=getattr(sys, stream), flush=True)
            if news.begun == job.workers:
                complete = time.monotonic()
            if news.failed is not None:
                failed_at = failed_at or time.monotonic()
                if over or time.monotonic() - failed_at > _GRACE:
                    text, code = news.failed
                    raise (UserError if code == 2 else VaekitError)(text)
        if over:
            if fit.error is not None:
                raise _lost(job, fit.error, out) from fit.error
            if out is not None:
                return out
            raise WorkerLostError("The workers ended without a run, and said nothing of it.")
        waiting = news is None or news.begun < job.workers
        if waiting and time.monotonic() - complete > limit:
            raise UserError(
                f"Of {job.workers} workers, {news.begun if news else 0} had begun after "
                f"{limit:.0f} s. {_room(ray, job)}{_go_on(out)}"
            )
        time.sleep(_LOOK)


class _Head:
    """The cluster's head, looked at every few seconds."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._seen = self._looked = time.monotonic()

    def lost(self, *, at_once: bool) -> bool:
        """Whether it hasn't answered for long; at_once: whether it doesn't now."""
        now = time.monotonic()
        if at_once or now - self._looked > _HEAD_LOOK:
            self._looked = now
            if answers(self.address, 1.0):
                self._seen = now
            elif at_once:
                return True
        return now - self._seen > _HEAD_SECONDS


def _news(ray: Any, channel: Any) -> News | None:
    try:
        return ray.get(channel.news.remote(), timeout=5.0)
    except ray.exceptions.RayError:  # it is late, or gone
        return None


@contextmanager
def _signals_to(channel: Any) -> Iterator[None]:
    """While entered, the first signal asks the workers to stop; the next is as ever."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before: dict[int, Any] = {}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def handle(number: int, _: Any) -> None:
        restore()
        channel.stop.remote(signal.Signals(number).name)

    for each in _SIGNALS:
        before[each] = signal.signal(each, handle)
    try:
        yield
    finally:
        restore()


def _lost(job: Job, error: BaseException, out: str | None) -> WorkerLostError:
    often = f"{job.max_restarts + 1} times" if job.max_restarts else "once"
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return WorkerLostError(
        f"Workers were lost {often}, and no more is allowed: {lines[-1] if lines else error!r}"
        f"{_go_on(out)}"
    )


def _room(ray: Any, job: Job) -> str:
    try:
        resources = ray.cluster_resources()
    except Exception:  # of a cluster that is no longer there
        return "Ray tells nothing of its cluster."
    gpus = f" and {resources.get('GPU', 0):.0f} GPUs" if job.gpus else ""
    return (
        f"The cluster has {resources.get('CPU', 0):.0f} processors{gpus}, part of which may be "
        "taken: start more machines, or ask for fewer workers. "
        f"{SECONDS_VARIABLE} waits for longer."
    )


def _go_on(out: str | None) -> str:
    if out is None or not (Path(out) / "run.json").exists():
        return ""
    return f" What was done is in its last checkpoint; go on with: {resume_text(out)}"
