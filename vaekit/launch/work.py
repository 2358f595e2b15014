"""One worker, in a process of Ray's."""

from __future__ import annotations

import logging
import os
import socket
import sys
import threading
import time
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout, suppress
from typing import Any

from vaekit.errors import VaekitError, WorkerLostError
from vaekit.launch.channel import Attempt, told

Work = Callable[[Any, Attempt, Callable[[str], None]], None]
_SECONDS_A_LOOK = 0.5


def work_of_one(told_all: dict[str, Any]) -> None:
    """Become a worker of those that torchrun would have started, and do the job.

    What ends it by a `VaekitError` ends the run; all else, and the loss of another worker, is left
    to Ray, which starts all again.
    """
    from ray.train import get_context

    context, channel = get_context(), told_all["channel"]
    rank = context.get_world_rank()
    attempt = Attempt(*told(channel, "begin", rank))
    host, port = _meeting_place()
    os.environ.update(
        RANK=str(rank),
        WORLD_SIZE=str(context.get_world_size()),
        LOCAL_RANK=str(context.get_local_rank()),
        MASTER_ADDR=host,
        MASTER_PORT=str(port),
        **told_all["environment"],
    )
    os.environ.pop("TORCHELASTIC_RUN_ID", None)
    for path in reversed(told_all["path"]):
        if path not in sys.path:
            sys.path.insert(0, path)
    with suppress(OSError):  # the same place where there is one
        os.chdir(told_all["folder"])
    # Ray has all loggers tell what they do; what they would tell in a process of one's own is less.
    logging.getLogger().setLevel(logging.WARNING)
    threading.Thread(target=_listen, args=[channel], daemon=True).start()
    out, err = _Said(channel, "stdout", rank), _Said(channel, "stderr", rank)
    try:
        with redirect_stdout(out), redirect_stderr(err):
            told_all["work"](
                told_all["job"], attempt, lambda out: rank or told(channel, "opened", out)
            )
    except WorkerLostError:
        raise
    except VaekitError as error:
        told(channel, "fail", str(error), error.exit_code)
    finally:
        told(channel, "stopping")  # after all that was said


def _meeting_place() -> tuple[str, int]:
    """Where the first worker listens; it has chosen."""
    from ray.train.collective import broadcast_from_rank_zero
    from ray.util import get_node_ip_address

    address = get_node_ip_address()
    with socket.create_server((address, 0)) as server:
        free = server.getsockname()[1]
    host, port = broadcast_from_rank_zero((address, free))
    return host, port


def _listen(channel: Any) -> None:
    """Pass on the user's wish to stop."""
    from vaekit.workers import joined

    while True:
        signal = told(channel, "stopping")
        if signal is not None and joined().size > 1:
            joined().stop = signal
            return
        time.sleep(_SECONDS_A_LOOK)


class _Said:
    """A stream whose text the user sees, if it is the first worker's."""

    encoding, errors = "utf-8", "replace"

    def __init__(self, channel: Any, name: str, rank: int) -> None:
        self._channel, self._name, self._shown = channel, name, rank == 0

    def write(self, text: str) -> int:
        """Send it on."""
        if self._shown and text:
            self._channel.say.remote(self._name, text)
        return len(text)

    def flush(self) -> None:
        """All is on its way."""

    def isatty(self) -> bool:
        """No: lines, and no bar."""
        return False
