"""Ray, started on this machine or reached where it runs, without its own talk."""

from __future__ import annotations

import atexit
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from vaekit.errors import UserError, WorkerLostError
from vaekit.launch.address import refuse_no_head
from vaekit.launch.extra import require_extra
from vaekit.startup.threads import usable_cores


class HeadLostError(WorkerLostError):
    """The head of a cluster that doesn't answer any more."""


# Read by Ray as it is imported or starts.
_QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_CHDIR_TO_TRIAL_DIR": "0",  # relative paths mean what they mean here
    "RAY_TRAIN_METRICS_ENABLED": "0",
    "RAY_TRAIN_V2_ENABLED": "1",  # the default since 2.51
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}
# Ray gives its own start up after 15 s, which on a busy machine is too soon.
_LOCAL_SECONDS = 240.0
_WITHOUT_PORT = (None, "local", "auto")


@contextmanager
def cluster(address: str | None, workers: int) -> Iterator[Any]:
    """While entered, `ray`, connected. address: as `TrainConfig.ray_address` has it.

    Raises `UserError` if it can't be reached, or isn't installed.
    """
    if address not in _WITHOUT_PORT:
        refuse_no_head(str(address))
    require_extra()
    if address not in (None, "local") and _has_token():
        os.environ.setdefault("RAY_AUTH_MODE", "token")
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    import ray

    if ray.is_initialized():
        raise UserError(
            "Ray is running in this process already: call ray.shutdown() first, or train in "
            "another process."
        )
    if address in (None, "local"):
        _start(ray, workers)
    else:
        _reach(ray, str(address))
    try:
        yield ray
    except HeadLostError:
        # Ray's own end would wait for it a minute and more, and without that Python's would crash.
        atexit.unregister(ray.shutdown)
        atexit.register(_end_at_once)
        raise
    except BaseException:
        ray.shutdown()
        raise
    ray.shutdown()


def _end_at_once() -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(HeadLostError.exit_code)


def _has_token() -> bool:
    """Whether there is a token, which Ray's head then asks for, if who joins says that it has one.

    Ray 2.60 makes one at the first start on a machine.
    """
    named = os.environ.get("RAY_AUTH_TOKEN") or os.environ.get("RAY_AUTH_TOKEN_PATH")
    return bool(named) or (Path.home() / ".ray" / "auth_token").exists()


def _start(ray: Any, workers: int) -> None:
    until = time.monotonic() + _LOCAL_SECONDS
    while True:
        before = {child.pid for child in psutil.Process().children()}
        try:
            ray.init(
                address="local",
                num_cpus=max(workers, usable_cores()),
                include_dashboard=False,
                **_SILENT,
            )
            return
        except Exception as error:  # it has no error of its own for that
            ray.shutdown()
            for child in psutil.Process().children():  # of which that leaves some
                if child.pid not in before:
                    child.kill()
            if time.monotonic() > until:
                raise UserError(f"Ray could not start on this machine: {_line(error)}") from error


def _reach(ray: Any, address: str) -> None:
    try:
        ray.init(address=address, **_SILENT)
    except Exception as error:  # whatever it raises of versions, addresses and tokens
        raise UserError(f"The Ray cluster at {address} can't be joined: {_line(error)}") from error


_SILENT: dict[str, Any] = {"log_to_driver": False, "logging_level": "CRITICAL"}


def _line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__
