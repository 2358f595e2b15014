"""A process that does what `vaekit` does, and writes where its time went when that is done.

python -m vaekit.benchmark.timed_command TIMES.json train --out run ...
"""

from __future__ import annotations

import json
import runpy
import sys
import time
from dataclasses import asdict
from pathlib import Path

from vaekit.timeline import parts_taken


def run() -> None:
    """Run the command; its exit code is the process's."""
    out, *words = sys.argv[1:]
    sys.argv[1:] = words
    try:
        runpy.run_module("vaekit", run_name="__main__", alter_sys=True)
    finally:
        parts = {name: asdict(spent) for name, spent in parts_taken().items()}
        Path(out).write_text(json.dumps({"parts": parts, "ended": time.monotonic()}))


if __name__ == "__main__":
    run()
