"""Several processes that train the trials of one sweep, and the one that waits for them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from vaekit.errors import VaekitError, why_ended
from vaekit.interrupt import Interrupt
from vaekit.plugins import selection_words
from vaekit.sweeps.messages import error_in

COMMAND = "sweep-worker"
_SECONDS_BETWEEN = 0.1


class _Worker:
    """A process that trains trials. It has a group of its own: a terminal's Ctrl-C is the parent's
    to pass on, or it would come twice, and the second stops at once.
    """

    def __init__(self, folder: Path, where: str, say: Callable[[str], None]) -> None:
        reading, writing = os.pipe()
        try:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "vaekit", *selection_words()),
                    *(COMMAND, "--source", where, "--messages", str(writing), str(folder)),
                ],
                stdin=subprocess.PIPE,  # which ends with this process
                stdout=subprocess.PIPE,
                pass_fds=(writing,),
                process_group=0,
                text=True,
            )
        finally:
            os.close(writing)
        self.messages: list[str] = []
        self.ready = threading.Event()
        self._threads = [
            threading.Thread(target=self._listen, args=(reading,), daemon=True),
            threading.Thread(target=self._relay, args=(say,), daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    @property
    def ended(self) -> bool:
        return self.process.poll() is not None

    def send(self, number: int) -> None:
        """Pass a signal on."""
        if not self.ended:
            self.process.send_signal(number)

    def close(self) -> None:
        """Wait until it has ended, and all that it told is here."""
        self.process.wait()
        for thread in self._threads:
            thread.join()
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                stream.close()

    def _listen(self, reading: int) -> None:
        with os.fdopen(reading, encoding="utf-8") as messages:
            for line in messages:
                self.messages.append(line)
                self.ready.set()

    def _relay(self, say: Callable[[str], None]) -> None:
        for line in self.process.stdout or ():
            say(line.rstrip("\n"))


def train_in_processes(
    folder: Path, where: str, jobs: int, interrupt: Interrupt, say: Callable[[str], None]
) -> None:
    """Have `jobs` processes train the sweep of a folder, and wait for them; pass signals on.

    The first one checks the sweep before the others start.

    Raises what one of them did, once all have ended; and a `VaekitError` where one was killed.
    """
    workers = [_Worker(folder, where, say)]
    try:
        _wait(workers, interrupt, lambda: workers[0].ready.is_set())
        if not workers[0].ended and error_in(workers[0].messages) is None:
            while len(workers) < jobs and not interrupt.requested:
                workers.append(_Worker(folder, where, say))
        _wait(workers, interrupt, lambda: False)
    except BaseException as error:  # a second signal, too
        for worker in workers:
            worker.send(signal.SIGTERM)
            if isinstance(error, KeyboardInterrupt):
                worker.send(signal.SIGKILL)
        raise
    finally:
        for worker in workers:
            worker.close()
    _raise_first(workers, interrupt)


def _wait(workers: list[_Worker], interrupt: Interrupt, until: Callable[[], bool]) -> None:
    """Wait until all have ended, or something else is so; the first signal is passed on once."""
    while not until() and not all(worker.ended for worker in workers):
        if interrupt.stopped_by is not None:
            for worker in workers:
                worker.send(signal.Signals[interrupt.stopped_by])
            for worker in workers:
                worker.process.wait()
            return
        time.sleep(_SECONDS_BETWEEN)


def _raise_first(workers: Iterable[_Worker], interrupt: Interrupt) -> None:
    for worker in workers:
        error = error_in(worker.messages)
        if error is not None:
            raise error
    for worker in workers:
        code = worker.process.returncode
        if code and not interrupt.requested:
            raise VaekitError(
                f"A process of the sweep is no more: {why_ended(code, '')} Its trial isn't lost: "
                "start the sweep again to go on."
            )
