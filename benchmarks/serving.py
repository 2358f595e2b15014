"""A served run beside Keras's `predict`, and what a flood does to its memory.

    python benchmarks/serving.py --out benchmarks/results/serving/tensorflow.json

`vaekit serve` is a process of its own; this one asks it over 127.0.0.1 and knows no Keras. What it
should answer, and how fast `predict` is one image at a time, a third process says before. The flood
is of the largest bodies that are taken: arrays that are computed on, bytes that are no array, and a
few bodies that stop half-way; most are refused, and the server's memory is looked at each 20 ms.
Do nothing else on the machine meanwhile: the load before it began is in the result.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from peers.still import die_with_parent
from serving_load import asked, body_of, flooded, memory_of, posting, stalling

from vaekit.benchmark.results import heading, measurement, write_result

_LARGEST = 2**24  # bytes: what `vaekit serve` takes of a body
_ROWS = 256  # and of rows
_TOLERANCE = 1e-5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", help="a run of 28x28 grey images; default: one is trained")
    parser.add_argument("--backend", default="tensorflow")
    parser.add_argument("--requests", type=int, default=1000)
    parser.add_argument("--together", type=int, default=50, help="requests at once")
    parser.add_argument("--flood", type=int, default=2000, help="requests of the flood")
    parser.add_argument("--flood-together", type=int, default=100, help="of them at once")
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        result = _measured(args, Path(folder), load)
    for row in result["measurements"]:
        print(f"{row['what']}: {row['median']:.4g} {row['unit']}")
    print(result["flood"])
    if args.out:
        write_result(result, args.out)


def _measured(args: argparse.Namespace, folder: Path, load: float) -> dict[str, Any]:
    keras = _reference(args, folder)
    images, own = np.load(folder / "images.npy"), np.load(folder / "encoded.npy")
    bodies = [body_of(image[None]) for image in images]
    with _served(keras["run"], args.backend) as (pid, port, started):
        asked(port, "/encode", bodies[: args.together], args.together)  # connections, caches
        together = asked(port, "/encode", bodies, args.together)
        one_by_one = asked(port, "/encode", bodies[:200], 1)
        scores = asked(port, "/score", bodies[:200], 1)
        difference = _difference(together.answers, own)
        with memory_of(pid) as samples:
            outcomes, seconds = flooded(port, args.flood, args.flood_together, _kinds())
            time.sleep(2)
        after = asked(port, "/encode", bodies[:200], args.together)
        _difference(after.answers, own[:200])
    return {
        **heading("serving"),
        **keras["environment"],
        "settings": {
            **{n: getattr(args, n) for n in ("requests", "together", "flood", "flood_together")},
            "load_before": load,
            "largest_body_bytes": _LARGEST,
        },
        "largest_difference": difference,
        "flood": {"outcomes": dict(sorted(outcomes.items())), "seconds": seconds},
        "measurements": [
            measurement("predict, one by one", "images/s", [keras["rate"]]),
            *_times("predict, one by one", keras["milliseconds"]),
            measurement("served, one by one", "requests/s", [one_by_one.rate]),
            *_times("served, one by one", [1000 * s for s in one_by_one.seconds]),
            measurement("served, many at once", "requests/s", [together.rate]),
            *_times("served, many at once", [1000 * s for s in together.seconds]),
            measurement("scores served, one by one", "requests/s", [scores.rate]),
            *_times("scores served, one by one", [1000 * s for s in scores.seconds]),
            measurement("from start to served", "s", [started], better="lower"),
            measurement("memory before the flood", "bytes", samples[:1], better="lower"),
            measurement("peak memory in the flood", "bytes", [max(samples)], better="lower"),
            measurement("memory after the flood", "bytes", samples[-1:], better="lower"),
        ],
    }


def _times(what: str, milliseconds: list[float]) -> list[dict[str, Any]]:
    return [
        measurement(
            f"{what}: p{share}", "ms", [float(np.percentile(milliseconds, share))], better="lower"
        )
        for share in (50, 99)
    ]


def _difference(answers: list[Any], own: np.ndarray) -> float:
    """The largest difference of answers from the run's own. Ends the benchmark if one is wrong."""
    lost = [answer for answer in answers if isinstance(answer, int)]
    if lost:
        raise SystemExit(f"{len(lost)} requests were refused: {sorted(set(lost))}.")
    difference = float(np.abs(np.concatenate(answers) - own).max())
    if not difference <= _TOLERANCE:
        raise SystemExit(f"An answer is {difference} from what the run gives.")
    return difference


def _kinds() -> list[Any]:
    """The requests of the flood, in turn: of twenty, two are junk and one never comes whole."""
    rows = np.zeros((_ROWS, 28, 28, 1))
    largest = posting("256 images as float64", body_of(rows))
    junk = posting("16 MiB of nothing", bytes(_LARGEST))
    return [*[largest] * 8, junk, *[largest] * 8, junk, stalling(_LARGEST), largest]


@contextmanager
def _served(run: str, backend: str) -> Iterator[tuple[int, int, float]]:
    """The process of a served run, its port, and the seconds until it answered."""
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "vaekit", "serve", run],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "KERAS_BACKEND": backend},
        preexec_fn=die_with_parent,
    )
    try:
        assert process.stdout is not None
        found = re.search(r"http://127\.0\.0\.1:(\d+)/", process.stdout.readline())
        if not found:
            raise SystemExit("The run isn't served; what was said is above.")
        yield process.pid, int(found[1]), time.perf_counter() - start
    finally:
        process.terminate()
        process.wait()


def _reference(args: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """What Keras makes of the images, and how fast."""
    job = {"folder": str(folder), "run": args.run, "count": args.requests}
    answer = subprocess.run(
        [sys.executable, __file__, "--reference", json.dumps(job)],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        env={**os.environ, "KERAS_BACKEND": args.backend},
    )
    told: dict[str, Any] = json.loads(answer.stdout.splitlines()[-1])
    return told


def reference(job: dict[str, Any]) -> None:
    """The work of `_reference`, in a process of its own."""
    import vaekit
    from vaekit.run import describe_environment

    folder, count = Path(job["folder"]), job["count"]
    if job["run"]:
        run = vaekit.load(job["run"])
    else:
        run = vaekit.train(
            data="mnist-sample",
            epochs=1,
            limit=2000,
            figures=False,
            report=False,
            progress=False,
            out=str(folder / "run"),
        )
    held = run.held_out().images.pixels
    images = held[np.arange(count) % len(held)].astype("float32") / 255
    np.save(folder / "images.npy", images)
    np.save(folder / "encoded.npy", run.encode(images).z_mean)
    model = run.model.posterior  # plain Keras, as it is saved with the run
    for image in images[:10]:
        model.predict(image[None], verbose=0)
    milliseconds = []
    for image in images:
        start = time.perf_counter()
        model.predict(image[None], verbose=0)
        milliseconds.append(1000 * (time.perf_counter() - start))
    told = {
        "run": str(run.path),
        "milliseconds": milliseconds,
        "rate": 1000 * count / sum(milliseconds),
        "environment": describe_environment(),
    }
    print(json.dumps(told))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--reference"]:
        reference(json.loads(sys.argv[2]))
    else:
        main()
