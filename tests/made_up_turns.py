"""Stands for `vaekit.benchmark.turns` where a test is about the race; it trains nothing.

`SPEEDS`, JSON in the environment, says of a turn, by `onednn kernels`, how many images a second it
gives, or that it `fails`, `crashes` or `hangs`.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time


def main() -> None:
    settings, speeds = json.loads(sys.argv[1]), json.loads(os.environ["SPEEDS"])
    if "PID_FILE" in os.environ:
        with open(os.environ["PID_FILE"], "w") as file:
            file.write(str(os.getpid()))
    lines = []
    came = threading.Semaphore(0)

    def listen() -> None:
        for line in sys.stdin:
            lines.append(json.loads(line))
            came.release()
        os._exit(1)

    threading.Thread(target=listen, daemon=True).start()
    print("what a library says", flush=True)
    while came.acquire():
        turn = lines.pop(0)
        speed = speeds[f"{settings.get('onednn')} {turn['kernels']}"]
        if speed == "crashes":
            os.kill(os.getpid(), signal.SIGSEGV)
        if speed == "hangs":
            time.sleep(60)
        answer = {"failed": "no such kernel"}
        if speed != "fails":
            images = round(speed * turn["seconds"])
            answer = {"images": images, "seconds": 1.0, "processor_seconds": 2.0, "device": "cpu:0"}
        print("vaekit-turn " + json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
