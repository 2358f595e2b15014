"""Many `vaekit` processes from one that has imported Keras already.

Run as a program, it reads a JSON job a line, forks, answers with the child's number, waits for it
and answers with its exit code. Nothing has been computed before a fork, so that no thread of a
backend is lost in it.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import Any


class Job:
    """One `vaekit` process. `out` is what it printed, once `wait` has given its exit code."""

    def __init__(self, server: Server, pid: int, log: Path) -> None:
        self.pid = pid
        self._server = server
        self._log = log

    def signal(self, number: int) -> None:
        os.kill(self.pid, number)  # the server reaps it only when it is told to wait

    def wait(self) -> int:
        return self._server.ask("wait")

    @property
    def out(self) -> str:
        return self._log.read_text()


class Server:
    """Starts `vaekit` processes, one at a time."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def ask(self, question: Any) -> Any:
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def start(self, *args: object, folder: Path, kill_call: int = 0, file_limit: int = 0) -> Job:
        """`vaekit ARGS` in `folder`.

        kill_call: kill it at that call to the file system. file_limit: bytes that a file may have.
        """
        log = folder / "log.txt"
        job = {
            "args": [str(arg) for arg in args],
            "folder": str(folder),
            "log": str(log),
            "kill_call": kill_call,
            "file_limit": file_limit,
        }
        return Job(self, self.ask(job), log)

    def run(self, *args: object, folder: Path, **more: int) -> tuple[int, str]:
        """The exit code of `vaekit ARGS`, negative for a signal, and what it printed."""
        job = self.start(*args, folder=folder, **more)
        return job.wait(), job.out


@contextmanager
def serving(backend: str) -> Any:
    # One thread a process: the suite itself is one of many.
    env = os.environ | {"KERAS_BACKEND": backend, "OMP_NUM_THREADS": "1", "PYTHONPATH": _root()}
    command = [sys.executable, "-m", "tests.faults.forks"]
    with subprocess.Popen(
        command, cwd=_root(), env=env, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        try:
            yield Server(process)
        finally:
            process.stdin.close()


def _root() -> str:
    return str(Path(__file__).parents[2])


def _child(job: dict[str, Any]) -> None:
    os.chdir(job["folder"])
    log = os.open(job["log"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(log, 1)
    os.dup2(log, 2)
    if job["file_limit"]:
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (job["file_limit"], job["file_limit"]))
    if job["kill_call"]:
        from tests.faults.killer import kill_at

        kill_at(job["kill_call"], Path("run"))
    from vaekit.cli import main

    main(job["args"])


def _serve() -> None:
    answers = os.fdopen(os.dup(1), "w")
    import keras  # noqa: F401

    import vaekit.figures
    import vaekit.trainer

    vaekit.figures.draw_figures = lambda *_, **__: []  # they take longer than the training
    child = 0
    for line in sys.stdin:
        job = json.loads(line)
        if job == "wait":
            answer = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        else:
            child = answer = os.fork()
            if not child:
                code = 1
                try:
                    _child(job)
                except SystemExit as end:
                    code = end.code or 0
                finally:
                    sys.stdout.flush()
                    os.kill(os.getpid(), signal.SIGKILL) if code is None else os._exit(code)
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    _serve()
