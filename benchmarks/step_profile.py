"""Where a training step of the tutorial's nets on TensorFlow spends its time, by TensorFlow's own
profiler: which part is the libraries' kernels, and how near those are to the best of this machine.

    python benchmarks/step_profile.py --out result.json
    ONEDNN_MAX_CPU_ISA=AVX2 python benchmarks/step_profile.py --out result.json

A share is of the time that the threads which run operations spend in them. `bound` is by how much
the step would be faster if all but the kernels of convolutions and matrix products cost nothing:
more no change outside those libraries can gain. `of_best` is the arithmetic of the step over that
of the fastest large matrix product here, in the time of those kernels.
"""

from __future__ import annotations

import os
import re
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from vaekit.benchmark.results import heading, refuse_unwritable, write_result
from vaekit.cli.values import BATCH_SIZES
from vaekit.config import TrainConfig
from vaekit.errors import VaekitError
from vaekit.startup import select_backend

LIBRARIES = ("convolutions", "matrix products")
# Of the operation's name, without what oneDNN puts before it. The first that fits.
KINDS = {
    "convolutions": r"(Fused|Depthwise)?Conv2D",
    "matrix products": r"(Fused|Batch)?MatMul",
    "batch norm": r"(Fused)?BatchNorm|AvgPool|EuclideanNorm",
    "activations": r"LeakyRelu|Relu|Sigmoid|Softplus|Tanh",
}
OPTIMIZER = re.compile(r"/adam(_\d+)?/")  # Keras numbers those that a process has
OTHER = "all else"
WARM, STEPS = 20, 100


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--batch-sizes", type=BATCH_SIZES, default="32,128", show_default=True)
@click.option("--steps", type=click.IntRange(1), default=STEPS, show_default=True)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="JSON to write.")
def main(out: Path, batch_sizes: Sequence[int], steps: int) -> None:
    """Profile the training step."""
    try:
        refuse_unwritable(out)
        select_backend("tensorflow")
        write_result(profiled(batch_sizes, steps), out)
    except VaekitError as error:
        click.echo(f"step_profile: {error}", err=True)
        raise SystemExit(error.exit_code) from None
    click.echo(f"Written to {out}.")


def profiled(batch_sizes: Sequence[int], steps: int) -> dict[str, Any]:
    """A profile of each batch size."""
    from vaekit.benchmark.ceilings import measure_ceilings
    from vaekit.benchmark.limits import training_flop
    from vaekit.benchmark.subject import Subject, random_images
    from vaekit.run import describe_environment

    config = TrainConfig(recipe="tutorial")
    subject = Subject(config, batch_sizes, random_images(config, batch_sizes))
    best = measure_ceilings("float32", seconds=1.0).flop_per_s
    flop = training_flop(subject.counts["training"])
    rows = []
    for size in batch_sizes:
        work = subject.training(size)
        work(WARM)
        began = time.perf_counter()
        work(steps)
        seconds = (time.perf_counter() - began) / steps
        kinds, operations = _by_kind(_operations(work, steps), steps)
        libraries = sum(kinds[kind]["share"] for kind in LIBRARIES)
        in_libraries = seconds * libraries
        row = {
            "batch_size": size,
            "ms_a_step": seconds * 1e3,
            "images_per_s": size / seconds,
            "kinds": kinds,
            "bound": 1 / libraries,
            "of_best": size * flop / best / in_libraries,
            "operations": operations,
        }
        rows.append(row)
        click.echo(_text(row))
    return {
        **heading("step profile"),
        **describe_environment(),
        "settings": {"steps": steps, "max_cpu_isa": os.environ.get("ONEDNN_MAX_CPU_ISA")},
        "best_flop_per_s": best,
        "batches": rows,
    }


def _operations(work: Callable[[int], float], steps: int) -> Counter[tuple[str, str]]:
    """Milliseconds in each operation, by its type and its name in the graph, of all threads."""
    import tensorflow as tf
    from tensorflow.tsl.profiler.protobuf import xplane_pb2

    with tempfile.TemporaryDirectory() as folder:
        options = tf.profiler.experimental.ProfilerOptions(host_tracer_level=3)
        with tf.profiler.experimental.Profile(folder, options):
            work(steps)
        space = xplane_pb2.XSpace()
        space.ParseFromString(next(Path(folder).rglob("*.xplane.pb")).read_bytes())
    took: Counter[tuple[str, str]] = Counter()
    for plane in space.planes:
        for line in plane.lines:
            if not line.name.startswith("tf_Compute"):
                continue
            for event in line.events:
                name = plane.event_metadata[event.metadata_id].name
                if found := re.fullmatch(r"([\w/.-]+):(\w+)", name):
                    node, kind = found.groups()
                    took[re.sub(r"^_Mkl(Native)?", "", kind), node] += event.duration_ps / 1e9
    return took


def _by_kind(
    took: Counter[tuple[str, str]], steps: int
) -> tuple[dict[str, dict[str, float]], list[dict[str, Any]]]:
    """Milliseconds a step and the share of each kind; and of the twenty longest operations."""
    kinds: Counter[str] = Counter(dict.fromkeys((*KINDS, "optimizer", OTHER), 0.0))
    for (operation, node), ms in took.items():
        kinds[_kind(operation, node)] += ms
    whole = sum(took.values())
    longest = [
        {"operation": operation, "node": node, "ms": ms / steps, "share": ms / whole}
        for (operation, node), ms in took.most_common(20)
    ]
    return {name: {"ms": ms / steps, "share": ms / whole} for name, ms in kinds.items()}, longest


def _kind(operation: str, node: str) -> str:
    if OPTIMIZER.search(node):
        return "optimizer"
    fits = (name for name, pattern in KINDS.items() if re.match(pattern, operation))
    return next(fits, OTHER)


def _text(row: dict[str, Any]) -> str:
    shares = ", ".join(f"{name} {of['share']:.1%}" for name, of in row["kinds"].items())
    return (
        f"batch {row['batch_size']}: {row['ms_a_step']:.1f} ms a step ({row['images_per_s']:,.0f} "
        f"images/s): {shares}. If all but {' and '.join(LIBRARIES)} cost nothing: x "
        f"{row['bound']:.2f}; those run at {row['of_best']:.0%} of the best matrix product."
    )


if __name__ == "__main__":
    main()
