"""A process that runs a page's commands and Python one after another, and starts Keras only once.

Starting Keras takes most of the time of a small command. To its caller, a command is as a process
of its own: with its own arguments, folder, streams and exit code.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import IO, Any

# What stands for the command `vaekit`: it hands over all that a process gets.
# What is declined, for it needs a process of its own, gets one.
_CLIENT = """#!{python} -IS
import json, os, socket, sys
with socket.socket(socket.AF_UNIX) as connection:
    connection.connect({address!r})
    call = {{"words": sys.argv[1:], "folder": os.getcwd(), "environment": dict(os.environ)}}
    socket.send_fds(connection, [json.dumps(call).encode() + b"\\n"], (0, 1, 2))
    code = connection.recv(1)
if not code:
    os.execv({python!r}, [{python!r}, "-m", "vaekit", *sys.argv[1:]])
sys.exit(code[0])
"""
# Variables that are read once, when a process starts.
_READ_AT_START = ("KERAS_", "PYTHON", "TF_", "VAEKIT_")


class WarmProcess:
    """The process, seen from the tests.

    python: its interpreter. environment: its variables.
    """

    def __init__(self, python: Path, environment: Mapping[str, str]) -> None:
        self._python = python
        self._folder = tempfile.TemporaryDirectory(prefix="warm")
        self._address = str(Path(self._folder.name) / "socket")
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(self._address)
            listener.listen()
            # Without this file's folder among those that modules are looked for in.
            self._process = subprocess.Popen(
                [python, "-P", __file__, str(listener.fileno())],
                env=environment,
                pass_fds=[listener.fileno()],
                stdin=subprocess.PIPE,  # which ends when this process does
            )

    def run(self, code: str, where: str, folder: Path, output: IO[Any], errors: IO[Any]) -> int:
        """Run Python among the names that the last run left; give its exit code."""
        call = {"code": code, "where": where, "folder": str(folder)}
        with socket.socket(socket.AF_UNIX) as connection, open(os.devnull) as nothing:
            connection.connect(self._address)
            streams = [stream.fileno() for stream in (nothing, output, errors)]
            socket.send_fds(connection, [json.dumps(call).encode() + b"\n"], streams)
            answer = connection.recv(1)
        return answer[0] if answer else 1  # it died

    def forget(self, folder: Path) -> None:
        """Lose all names, registered parts, and what was imported from below a folder."""
        log = folder / "forgotten"
        with log.open("w") as said:
            code = self.run(f"forget({str(folder)!r})", "forget", folder, said, said)
        assert code == 0, log.read_text()

    def write_command(self, path: Path) -> None:
        """Write what runs `vaekit` in this process."""
        path.write_text(_CLIENT.format(python=str(self._python), address=self._address))
        path.chmod(0o755)

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()
        self._folder.cleanup()


@cache
def shared() -> WarmProcess:
    """The one of all pages that install nothing."""
    process = WarmProcess(Path(sys.executable), os.environ)
    atexit.register(process.close)
    return process


def _serve(listener: socket.socket) -> None:
    """Answer each call with its exit code, for ever."""
    start = _at_start(os.environ)
    names = _new_names()
    nowhere = os.open(os.devnull, os.O_RDWR)
    while True:
        connection, _ = listener.accept()
        with connection:
            message, streams, _, _ = socket.recv_fds(connection, 1 << 20, 3)
            while not message.endswith(b"\n"):
                message += connection.recv(1 << 20)
            call = json.loads(message)
            declined = "words" in call and _at_start(call["environment"]) != start
            for number, stream in enumerate(streams):
                if not declined:
                    os.dup2(stream, number)
                os.close(stream)
            if declined:
                continue
            os.chdir(call["folder"])
            sys.path[0] = call["folder"]
            code = _exit_code(call, names)
            for number in range(len(streams)):  # whoever reads them waits for their end
                os.dup2(nowhere, number)
            connection.sendall(bytes([code]))
            gc.collect()


def _exit_code(call: Mapping[str, Any], names: dict[str, Any]) -> int:
    try:
        if "words" in call:
            from vaekit.cli import main

            main(call["words"], prog_name="vaekit")
        else:
            exec(compile(call["code"], call["where"], "exec"), names)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
        return 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return 0


def _new_names() -> dict[str, Any]:
    names: dict[str, Any] = {"__name__": "__main__"}

    def forget(folder: str) -> None:
        from vaekit.plugins import discover, discovery

        discovery._local_parts.clear()
        discover.cache_clear()
        for name, module in sys.modules.copy().items():
            if str(getattr(module, "__file__", None)).startswith(folder):
                del sys.modules[name]
        names.clear()
        names.update(_new_names())

    names["forget"] = forget
    return names


def _at_start(environment: Mapping[str, str]) -> dict[str, str]:
    chosen = environment.items()
    return {name: value for name, value in chosen if name.startswith(_READ_AT_START)}


def _exit_with_parent(pipe: int) -> None:
    os.read(pipe, 1)
    os._exit(0)


if __name__ == "__main__":
    sys.path.insert(0, "")
    threading.Thread(target=_exit_with_parent, args=(os.dup(0),), daemon=True).start()
    _serve(socket.socket(fileno=int(sys.argv[1])))
