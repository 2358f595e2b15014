"""Training from a file that doesn't fit against training from memory, in turn, on the same images.

    python benchmarks/streaming.py --out benchmarks/results/streaming.json

A sparse HDF5 file of 20 GB is made in a temporary folder: pictures lie where the first steps look,
and a hole is everywhere else. Each side is a process of its own, and trains while the other stands
still: it doesn't read ahead either.
The peaks of memory are those of whole processes; a third one, which trains on a single batch, says
what the model alone takes. Do nothing else on the machine meanwhile.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from peers.still import die_with_parent, go_on, stand_still

from vaekit.benchmark.results import data_name, heading, measurement, write_result

SHAPE = (28, 28)
SIDES = ("memory", "file")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gigabytes", type=float, default=20)
    parser.add_argument("--budget", default="4MB", help="what the file's side may hold of it")
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--steps", type=int, default=400, help="a turn")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--data", default="mnist-sample", help="pictures; brought to 28x28, grey")
    parser.add_argument("--backend", default="tensorflow")
    parser.add_argument("--folder", help="where to make the file")
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=args.folder) as folder:
        result = _measured(args, Path(folder))
    for row in result["measurements"]:
        print(f"{row['what']}: {row['median']:.4g} {row['unit']}")
    if args.out:
        write_result(result, args.out)


def _measured(args: argparse.Namespace, folder: Path) -> dict[str, Any]:
    warm = args.steps  # more than is ever read ahead
    pictures = (args.pairs * (args.steps + 1) + warm) * args.batch_size
    stored = _make(folder, int(args.gigabytes * 1e9), pictures, args.data)
    alone = Side("alone", folder, args)
    alone.ask(steps=warm)
    model = alone.close()["peak_bytes"]
    sides = {name: Side(name, folder, args) for name in SIDES}
    for side in sides.values():
        side.ask(steps=warm)
    pairs = []
    for number in range(args.pairs):
        names = SIDES if number % 2 == 0 else SIDES[::-1]
        pairs.append({name: sides[name].ask(steps=args.steps) for name in names})
    ends = {name: side.close() for name, side in sides.items()}
    images = args.steps * args.batch_size
    rates = {name: [images / pair[name]["seconds"] for pair in pairs] for name in SIDES}
    cpu = {name: [1e6 * pair[name]["cpu"] / images for pair in pairs] for name in SIDES}
    return {
        **heading("streaming"),
        **ends["file"]["environment"],
        "settings": {
            **{name: getattr(args, name) for name in ("budget", "batch_size", "steps")},
            "data": data_name(args.data),
            "file_bytes": stored.stat().st_size,
            "pictures": pictures,
            "seconds_to_check_the_file": sides["file"].ready["seconds"],
        },
        "measurements": [
            *(measurement(f"training from {name}", "images/s", rates[name]) for name in SIDES),
            measurement(
                "rate from the file over rate from memory",
                "x",
                [a / b for a, b in zip(rates["file"], rates["memory"], strict=True)],
            ),
            *(
                measurement(f"processor time from {name}", "us/image", cpu[name], better="lower")
                for name in SIDES
            ),
            *(
                measurement(f"peak memory, {name}", "bytes", [peak], better="lower")
                for name, peak in (
                    ("model alone", model),
                    *((f"from {name}", ends[name]["peak_bytes"]) for name in SIDES),
                    ("from file above the model's", ends["file"]["peak_bytes"] - model),
                )
            ),
        ],
        "pairs": pairs,
    }


def _make(folder: Path, size: int, pictures: int, data: str) -> Path:
    """`big.h5` with a picture at each place that an epoch visits first; and those, as `.npy`."""
    from vaekit.data import load_data
    from vaekit.engine import epoch_order

    source = load_data(data, image_size=SHAPE, gray=True).train.pixels[..., 0]
    if source.dtype != np.uint8:
        source = np.rint(255 * source).astype(np.uint8)
    count = size // source[0].size
    pictures = min(pictures, count)
    path = folder / "big.h5"
    with h5py.File(path, "w") as file:
        plan = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plan.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
        plan.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
        space = h5py.h5s.create_simple((count, *SHAPE))
        images = h5py.h5d.create(file.id, b"x_train", h5py.h5t.NATIVE_UINT8, space, plan)
        offset = images.get_offset()
        file["x_test"] = source[:256]
    with path.open("r+b") as file:
        for number, place in enumerate(epoch_order(0, 0, count)[:pictures].tolist()):
            file.seek(offset + place * source[0].size)
            file.write(source[number % len(source)].tobytes())
        file.flush()
        os.fsync(file.fileno())
        if hasattr(os, "posix_fadvise"):
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    chosen = source[np.arange(pictures) % len(source)]
    np.save(folder / "memory.npy", chosen)
    return path


class Side:
    """A process that trains when asked, and stands still once it was asked."""

    def __init__(self, name: str, folder: Path, args: argparse.Namespace) -> None:
        job = {
            "side": name,
            "folder": str(folder),
            "budget": args.budget,
            "batch_size": args.batch_size,
            "backend": args.backend,
        }
        self._process = subprocess.Popen(
            [sys.executable, __file__, "--side", json.dumps(job)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.ready = self._answer()

    def ask(self, **request: Any) -> dict[str, Any]:
        """Seconds and processor seconds that so many `steps` took."""
        go_on(self._process)
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        answer = self._answer()
        stand_still(self._process)
        return answer

    def close(self) -> dict[str, Any]:
        """End it: its peak of memory, and its environment."""
        go_on(self._process)
        self._process.stdin.close()
        answer = self._answer()
        self._process.wait()
        return answer

    def _answer(self) -> dict[str, Any]:
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit("A side ended early; what it said is above.")
        return json.loads(line)


def train(job: dict[str, Any]) -> None:
    """What a side does: take steps as standard input asks, and answer on standard output."""
    die_with_parent()
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def answer(**values: Any) -> None:
        answers.write(json.dumps(values) + "\n")
        answers.flush()

    from vaekit.config import TrainConfig
    from vaekit.startup import select_backend

    select_backend(job["backend"])
    from vaekit.benchmark.device import process_peak_bytes
    from vaekit.benchmark.subject import Subject
    from vaekit.run import describe_environment
    from vaekit.types import Dataset, Images

    folder, size = Path(job["folder"]), job["batch_size"]
    began = time.perf_counter()
    data = None
    config: dict[str, Any] = {"data": str(folder / "big.h5"), "data_budget": job["budget"]}
    if job["side"] != "file":
        pixels = np.load(folder / "memory.npy")[..., None]
        if job["side"] == "alone":
            pixels = pixels[:size].copy()
        data, config = Dataset("images", Images(pixels), Images(pixels[:256])), {}
    subject = Subject(TrainConfig.checked(config), [size], data)
    steps = subject.training(size)
    answer(seconds=time.perf_counter() - began)
    for line in sys.stdin:
        started, before = time.perf_counter(), _cpu()
        steps(json.loads(line)["steps"])
        answer(seconds=time.perf_counter() - started, cpu=_cpu() - before)
    answer(peak_bytes=process_peak_bytes(), environment=describe_environment())


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    if sys.argv[1:2] == ["--side"]:
        train(json.loads(sys.argv[2]))
    else:
        main()
