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
from typing import Any, NamedTuple

from vaekit.errors import UserError, VaekitError, WorkerLostError
from vaekit.launch.channel import Channel, News
from vaekit.launch.cluster import answers, cluster
from vaekit.launch.work import Work, work_of_one
from vaekit.startup.threads import usable_cores
from vaekit.wording import resume_text

# As long as workers wait for one another.
SECONDS_VARIABLE = "VAEKIT_JOIN_SECONDS"
_SECONDS = 300.0
_HEAD_LOOK, _HEAD_SECONDS = 2.0, 20.0  # without an answer of the head, the run is over
_GRACE = 10.0  # that other workers have to end when one has failed
_LOOK = 0.2
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Job(NamedTuple):
    """What workers are to do: `work` with `what`, both of which are pickled.

    workers: how many. gpus: whether each is to have one; None where there are enough.
    address, max_restarts: as `TrainConfig` has them.
    """

    work: Work
    what: Any
    workers: int
    gpus: bool | None
    address: str | None
    max_restarts: int


def launch(job: Job) -> str:
    """Have workers do a job to its end, and give the run directory that they wrote.

    What the first worker says is said here. The first signal that comes to this process stops them
    as it stops a run of one.

    Raises `UserError` if Ray can't be had or has no room, what a worker ended by, and
    `WorkerLostError` if workers were lost more often than is allowed, or the head of the cluster.
    """
    with cluster(job.address, job.workers) as ray, tempfile.TemporaryDirectory() as storage:
        channel = _channel(ray, job.workers)
        fit = _Fit(_trainer(ray, job, channel, storage))
        with _signals_to(channel):
            return _followed(ray, job, channel, fit)


def _followed(ray: Any, job: Job, channel: Any, fit: _Fit) -> str:
    """Pass on what the workers say until all is done, or can't be."""
    limit = float(os.environ.get(SECONDS_VARIABLE) or _SECONDS)
    head = ray.get_runtime_context().gcs_address
    head_seen = complete = time.monotonic()
    failed_at: float | None = None
    out: str | None = None
    while True:
        over = fit.over
        if time.monotonic() - head_seen > _HEAD_LOOK and answers(head, 1.0):
            head_seen = time.monotonic()
        elif time.monotonic() - head_seen > _HEAD_SECONDS:
            raise WorkerLostError(
                f"The head of the Ray cluster at {head} has not answered for {_HEAD_SECONDS:.0f} "
                f"s.{_go_on(out)}"
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


class _Fit:
    """Ray Train at work in a thread, so that this process can look after the rest."""

    def __init__(self, trainer: Any) -> None:
        self.error: BaseException | None = None
        self._trainer = trainer
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def over(self) -> bool:
        """Whether it has come to an end."""
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            self._trainer.fit()
        except BaseException as error:  # told by the process's main thread
            self.error = error


def _trainer(ray: Any, job: Job, channel: Any, storage: str) -> Any:
    from ray.train import FailureConfig, RunConfig, ScalingConfig, UserCallback
    from ray.train.v2.api.data_parallel_trainer import DataParallelTrainer

    class Loss(UserCallback):  # type: ignore[misc]  # Ray has no types of its own here
        """The channel hears of lost workers, too."""

        def after_exception(self, run_context: Any, worker_exceptions: Any) -> None:
            channel.lost.remote()

    here = ray.cluster_resources()
    gpus = here.get("GPU", 0) >= job.workers if job.gpus is None else job.gpus
    local = job.address in (None, "local")
    cores = max(1, usable_cores() // job.workers) if local else 1
    return DataParallelTrainer(
        work_of_one,
        train_loop_config={
            "work": job.work,
            "job": job.what,
            "channel": channel,
            "folder": os.getcwd(),
            "path": [path or os.getcwd() for path in sys.path],
            "environment": _environment(),
        },
        scaling_config=ScalingConfig(
            num_workers=job.workers, use_gpu=gpus, resources_per_worker={"CPU": cores}
        ),
        run_config=RunConfig(
            storage_path=storage,
            failure_config=FailureConfig(max_failures=job.max_restarts),
            callbacks=[Loss()],
        ),
    )


def _environment() -> dict[str, str]:
    """What this process was told by its environment that a worker elsewhere has to be told, too."""
    names = ("KERAS_", "VAEKIT_", "TF_CPP_MIN_LOG_LEVEL", "TF_NUM_INTRAOP_THREADS")
    return {name: value for name, value in os.environ.items() if name.startswith(names)}


def _channel(ray: Any, workers: int) -> Any:
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    beside = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
    made = ray.remote(num_cpus=0, scheduling_strategy=beside)(Channel)
    return made.remote(workers)


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
