"""Workers as torchrun starts them: processes that differ in RANK."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
NETS = str(ROOT / "tests" / "small_nets.py")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def environment(rank: int, size: int, port: int, **more: str) -> dict[str, str]:
    place = {"RANK": rank, "WORLD_SIZE": size, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    quiet = {"OMP_NUM_THREADS": "1", "TF_NUM_INTRAOP_THREADS": "1", "PYTHONPATH": str(ROOT)}
    return {**os.environ, **quiet, **{name: str(value) for name, value in place.items()}, **more}


# Trains by the options that it is given, and says what it has at the end.
_SCRIPT = """
import hashlib, json, sys
import vaekit
vaekit.load_plugin(sys.argv[1])
run = vaekit.train(**json.loads(sys.argv[2]))
digest = hashlib.sha256()
for variable in run.vae.variables:
    digest.update(variable.numpy().tobytes())
print("END " + json.dumps({"weights": digest.hexdigest(), "path": str(run.path)}))
"""


def started(options: list[dict[str, Any]], **more: str) -> list[subprocess.Popen[str]]:
    """A worker for each of these options."""
    port = free_port()
    return [
        subprocess.Popen(
            [sys.executable, "-c", _SCRIPT, NETS, json.dumps(own)],
            env=environment(rank, len(options), port, **more),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank, own in enumerate(options)
    ]


def trained(options: dict[str, Any], workers: int = 2) -> list[tuple[str, dict[str, Any]]]:
    """What each worker printed, and what it had at the end."""
    results = []
    for process in started([options] * workers):
        out, err = process.communicate(timeout=900)
        assert process.returncode == 0, err
        said, _, end = out.rpartition("END ")
        results.append((said, json.loads(end)))
    return results
