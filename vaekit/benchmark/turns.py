"""A process that trains the tutorial's nets on noise for a moment whenever it is told to.

python -m vaekit.benchmark.turns SETTINGS

SETTINGS is JSON: `backend`, `device`, `threads`, `allocator` and `onednn`, as `vaekit train` takes
them. Each line of standard input is JSON: `kernels` and `xla`, what to train by; `batch_size` and
`seconds`, how large the batches are and about how long to train. The answer is a line of standard
output: `images`, `seconds`, `processor_seconds` and the `device`; or `failed` and why. It ends when
its standard input does, as it does with the parent, also amid a turn.
"""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from vaekit.config import TrainConfig
from vaekit.startup import select_backend, with_keras_defaults

ANSWER = "vaekit-turn "  # begins an answer: libraries write to standard output, too

Repeat = Callable[[int], Any]


@with_keras_defaults
def main() -> None:
    """Start as the first argument says, then take the turns that are asked for."""
    asked: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(asked,), daemon=True).start()
    start = TrainConfig.checked(json.loads(sys.argv[1]))
    select_backend(start.backend, start.settings)
    from vaekit.startup import device_name

    ready: dict[str, Repeat] = {}
    while True:
        turn: dict[str, Any] = json.loads(asked.get())
        how = {"kernels": turn["kernels"], "xla": turn["xla"]}
        size, name = turn["batch_size"], json.dumps([how, turn["batch_size"]])
        try:
            if name not in ready:
                ready[name] = _training(start, how, size)
                ready[name](2)  # which traces, and takes its memory
            taken = _taken(ready[name], size, turn["seconds"])
        except Exception as error:  # what can't be compiled here; other turns can
            reason = (str(error) or type(error).__name__).strip().splitlines()[0]
            answer: dict[str, Any] = {"failed": reason}
        else:
            answer = {**taken, "device": device_name()}
        print(ANSWER + json.dumps(answer), flush=True)


def _training(start: TrainConfig, how: dict[str, Any], batch_size: int) -> Repeat:
    """What does so many training steps."""
    from vaekit.benchmark.subject import Subject

    config = start.model_copy(update={name: value for name, value in how.items() if value})
    return Subject(config, [batch_size]).training(batch_size)


def _taken(repeat: Repeat, batch_size: int, seconds: float) -> dict[str, Any]:
    """Images that were trained on in about so many seconds, and how many those were."""
    steps, began, processor = 0, time.perf_counter(), time.process_time()
    while (took := time.perf_counter() - began) < seconds:
        repeat(1)
        steps += 1
    processor = time.process_time() - processor
    return {"images": steps * batch_size, "seconds": took, "processor_seconds": processor}


def _listen(asked: queue.SimpleQueue[str]) -> None:
    while line := sys.stdin.readline():
        asked.put(line)
    os._exit(1)


if __name__ == "__main__":
    main()
