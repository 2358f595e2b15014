"""Two workers on this machine against one: weak and strong scaling, and what to expect of more.

    python benchmarks/scale.py --backend torch --out benchmarks/results/scale/torch.json
    python benchmarks/scale.py --predict --step-ms 12 --megabytes 26 --norms 9

Weak scaling: two workers with a batch of 2 B, against one with B. Strong: two with B. Each figure
is of the last epochs of a run, by its own `images_per_s`, several runs in turn. A worker has
--cores of its own, and so has the one alone: else two would share what one has to itself.

The prediction is of sums that wait for what they sum and are waited for, as the kit's do:

    step(W) = step(1) + 2 (W - 1) / W x bytes / bandwidth + messages x 2 ceil(log2 W) x latency

The first addend is one worker's step with the same share of a batch; the second what a ring moves
over each link (bytes are 4 for each trained weight); the third what a tree waits for, which small
messages go by: one for gradients, and two for each batch norm, forward and back. Efficiency is
step(1) / step(W), of weak scaling. Reading data, validation and checkpoints are not in it.
"""

from __future__ import annotations

import argparse
import csv
import math
import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

from vaekit.benchmark.results import data_name, heading, measurement, write_result


class Network(NamedTuple):
    """What messages between workers take: bytes a second, seconds from one to the next.

    workers: how many it is predicted for.
    """

    name: str
    workers: tuple[int, ...]
    bandwidth: float
    latency: float


# Bandwidths of a worker's own link, and what a message takes that holds nothing; of vendors' data
# sheets, halved where the sheet counts both directions.
NETWORKS = (
    Network("GPUs of one host, NVLink 4", (8,), 450e9, 5e-6),
    Network("a link of 400 Gbit/s each", (8, 64), 50e9, 15e-6),
    Network("a link of 25 Gbit/s each", (8, 64), 3.1e9, 40e-6),
)


def predicted(step: float, size: float, norms: int, workers: int, network: Network) -> float:
    """Seconds of a step of so many workers.

    step: seconds of one worker's with the same share of a batch. size: bytes of all gradients.
    norms: batch norms in the model.
    """
    moving = 2 * (workers - 1) / workers * size / network.bandwidth
    hops = 2 * math.ceil(math.log2(workers))
    return step + moving + (1 + 2 * norms) * hops * network.latency


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--backend", default="torch")
    parser.add_argument("--data", default="mnist-sample")
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--epochs", type=int, default=4, help="the last two are counted")
    parser.add_argument("--limit", type=int, default=4096)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--cores", type=int, default=1, help="of each worker")
    parser.add_argument("--predict", action="store_true", help="measure nothing")
    parser.add_argument("--step-ms", type=float, default=10.0)
    parser.add_argument("--megabytes", type=float, default=10.0, help="4 bytes a trained weight")
    parser.add_argument("--norms", type=int, default=9, help="batch norms of the model")
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    if args.predict:
        _predict(args.step_ms / 1e3, args.megabytes * 1e6, args.norms)
        return
    result = _measured(args)
    for row in result["measurements"]:
        print(f"{row['what']}: {row['median']:.4g} {row['unit']}")
    if args.out:
        write_result(result, args.out)


def _predict(step: float, size: float, norms: int) -> None:
    for network in NETWORKS:
        for workers in network.workers:
            seconds = predicted(step, size, norms, workers, network)
            print(
                f"{network.name}: {workers} workers, {seconds * 1e3:.2f} ms a step, "
                f"{step / seconds:.0%} of {workers} times one"
            )


def _measured(args: argparse.Namespace) -> dict[str, Any]:
    rates: dict[str, list[float]] = {"one": [], "weak": [], "strong": []}
    for _ in range(args.runs):
        rates["one"].append(_rate(args, workers=1, batch_size=args.batch_size))
        rates["weak"].append(_rate(args, workers=2, batch_size=2 * args.batch_size))
        rates["strong"].append(_rate(args, workers=2, batch_size=args.batch_size))
    what = {
        "one": f"one worker, a batch of {args.batch_size}",
        "weak": f"two workers, a batch of {2 * args.batch_size}",
        "strong": f"two workers, a batch of {args.batch_size}",
    }
    rows = [measurement(what[name], "images/s", values) for name, values in rates.items()]
    for name in ("weak", "strong"):
        shares = [two / (2 * one) for two, one in zip(rates[name], rates["one"], strict=True)]
        rows.append(measurement(f"{name} scaling, of twice one", "share", shares))
    return {
        **heading("scale"),
        "backend": args.backend,
        "data": data_name(args.data),
        "cores": os.cpu_count(),
        "cores_of_a_worker": args.cores,
        "measurements": rows,
    }


def _rate(args: argparse.Namespace, *, workers: int, batch_size: int) -> float:
    """Images a second of the last two epochs of a run."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "run"
        command = [
            *(sys.executable, "-m", "vaekit", "train", "--data", args.data, "--out", str(out)),
            *("--backend", args.backend, "--limit", str(args.limit)),
            *("--batch-size", str(batch_size), "--epochs", str(args.epochs), "--no-figures"),
        ]
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
        processes = [
            subprocess.Popen(
                ["taskset", "-c", _cores(rank, args.cores), *command],
                env={**os.environ, **_place(rank, workers, port)},
                stdout=subprocess.DEVNULL,
            )
            for rank in range(workers)
        ]
        codes = [process.wait() for process in processes]
        if any(codes):
            raise SystemExit("A run failed.")
        with (out / "history.csv").open() as lines:
            rows = list(csv.DictReader(lines))[-2:]
        return sum(float(row["images_per_s"]) for row in rows) / len(rows)


def _cores(rank: int, each: int) -> str:
    return f"{rank * each}-{(rank + 1) * each - 1}"


def _place(rank: int, size: int, port: int) -> dict[str, str]:
    place = {"RANK": rank, "WORLD_SIZE": size, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    return {name: str(value) for name, value in place.items()}


if __name__ == "__main__":
    main()
