"""Workers as torchrun starts them: processes that differ in RANK."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import keras

ROOT = Path(__file__).parents[2]
NETS = str(ROOT / "tests" / "small_nets.py")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def environment(rank: int, size: int, port: int, **more: str) -> dict[str, str]:
    place = {"RANK": rank, "WORLD_SIZE": size, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    quiet = {"OMP_NUM_THREADS": "1", "TF_NUM_INTRAOP_THREADS": "1", "PYTHONPATH": str(ROOT)}
    return {**os.environ, **quiet, **{name: str(value) for name, value in place.items()}, **more}


# Two processes, each of which trains by the same options, and says what it has at the end. To
# import a backend takes most of the time of either: it is imported before they part, and starts
# in each.
_SCRIPT = """
import hashlib, importlib, json, os, sys, traceback
backend, nets, options, folder = sys.argv[1:]
importlib.import_module(backend)

def train():
    import vaekit
    vaekit.load_plugin(nets)
    run = vaekit.train(**json.loads(options))
    digest = hashlib.sha256()
    for variable in run.vae.variables:
        digest.update(variable.numpy().tobytes())
    print("END " + json.dumps({"weights": digest.hexdigest(), "path": str(run.path)}))

for rank in range(2):
    if os.fork():
        continue
    os.environ["RANK"] = str(rank)
    for number, name in ((1, "out"), (2, "err")):
        os.dup2(os.open(f"{folder}/{name}{rank}", os.O_WRONLY | os.O_CREAT), number)
    code = 0
    try:
        train()
    except BaseException:
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
sys.exit(max(os.waitstatus_to_exitcode(os.wait()[1]) for _ in range(2)))
"""


def two_trained(options: dict[str, Any], folder: Path) -> list[tuple[str, dict[str, Any]]]:
    """What each of two workers printed, and what it had at the end.

    folder: for what they print.
    """
    folder.mkdir()
    process = subprocess.Popen(
        [
            *(sys.executable, "-W", "ignore", "-c", _SCRIPT),
            *(keras.backend.backend(), NETS, json.dumps(options), str(folder)),
        ],
        env=environment(0, 2, free_port(), TF_CPP_MIN_LOG_LEVEL="3"),
        process_group=0,
    )
    try:
        code = process.wait(900)
    finally:
        with suppress(ProcessLookupError):  # one waits for the other, which is no more
            os.killpg(process.pid, signal.SIGKILL)
    assert code == 0, [(folder / f"err{rank}").read_text() for rank in range(2)]
    results = []
    for rank in range(2):
        said, _, end = (folder / f"out{rank}").read_text().rpartition("END ")
        results.append((said, json.loads(end)))
    return results
