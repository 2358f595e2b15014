"""What Ray Train is asked to do: so many workers in their places, and again when some are lost."""

from __future__ import annotations

import os
import sys
import threading
from typing import Any, NamedTuple

from vaekit.launch.channel import Channel
from vaekit.launch.work import Work, work_of_one
from vaekit.startup.threads import usable_cores


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


class Fit:
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


def trainer_of(ray: Any, job: Job, channel: Any, storage: str) -> Any:
    """Ray's trainer for a job. storage: a folder for what it writes of its own, which is nothing
    that the kit reads.
    """
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


def channel_for(ray: Any, workers: int) -> Any:
    """A channel on this machine, whose workers' calls need none of its cores."""
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    beside = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
    made = ray.remote(num_cpus=0, scheduling_strategy=beside)(Channel)
    return made.remote(workers)
