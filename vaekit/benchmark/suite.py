"""The kit's own benchmark: everything that is measured, in one result."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import keras

from vaekit.benchmark.ceilings import Ceilings, highest, measure_ceilings
from vaekit.benchmark.device import device_model, device_peak_bytes, process_peak_bytes
from vaekit.benchmark.limits import forward_limit, training_flop, training_limit
from vaekit.benchmark.results import Result, data_name, heading, measurement
from vaekit.benchmark.startup import measure_startup
from vaekit.benchmark.subject import Subject
from vaekit.benchmark.timing import Measured, measure
from vaekit.config import PART_FIELDS, TrainConfig
from vaekit.errors import UserError
from vaekit.model.process_state import FLOAT32
from vaekit.run import describe_environment

THROUGHPUT = ("training", "encode", "decode", "sample")

Row = dict[str, Any]


def run_suite(
    config: TrainConfig,
    *,
    batch_sizes: Sequence[int],
    measures: Sequence[str],
    seconds: float,
    runs: int,
    say: Callable[[Row], None],
) -> Result:
    """Measure what `measures` names of the VAE that `config` describes; `say` hears each row.

    seconds: about how long one run of one measurement takes.

    Raises a `UserError` for what can't be measured, before anything is.
    """
    subject = Subject(config, batch_sizes)
    if "sample" in measures and subject.program.vae.prior_distribution() is None:
        others = ",".join(name for name in measures if name != "sample")
        latent = subject.run.record.parts["latent"].name
        raise UserError(
            f"The latent {latent!r} has no prior to draw samples from: measure the rest, "
            f"--measure {others}, or name a prior."
        )
    ceilings: dict[str, list[Ceilings]] = {}
    rows: list[Row] = []

    def add(row: Row) -> None:
        rows.append(row)
        say(row)

    for what in (name for name in THROUGHPUT if name in measures):
        speeds = {
            size: measure(getattr(subject, what)(size), seconds=seconds, runs=runs)
            for size in batch_sizes
        }
        # Before any ceiling is measured, which takes memory of its own.
        memory = _memory(max(batch_sizes)) if what == "training" else []
        dtype = keras.dtype_policies.get(_precision(subject, what)).compute_dtype
        # Anew for each, since a shared machine isn't the same from one minute to the next.
        ceiling = measure_ceilings(dtype, seconds=seconds / 4)
        ceilings.setdefault(dtype, []).append(ceiling)
        for batch_size, measured in speeds.items():
            add(_throughput(subject, what, batch_size, measured, ceiling, _bytes(dtype)))
        for row in memory:
            add(row)
    if "startup" in measures:
        for row in measure_startup(subject.config, min(batch_sizes), runs=runs):
            add(row)
    rates = [{"dtype": of, **highest(some)._asdict()} for of, some in ceilings.items()]
    return {
        **heading("kit"),
        **describe_environment(),
        "device_model": device_model(),
        "choices": subject.run.record.as_json()["choices"],
        "subject": _described(subject),
        "settings": {"seconds": seconds, "runs": runs},
        "ceilings": rates[0] if rates else None,
        "other_ceilings": rates[1:],  # where not all computes in one precision
        "measurements": rows,
    }


def _throughput(
    subject: Subject,
    what: str,
    batch_size: int,
    measured: Measured,
    ceilings: Ceilings,
    value_bytes: int,
) -> Row:
    """Images/s of one kind of work at one batch size, and its share of what could be."""
    building: Row = {"build_seconds": subject.build_seconds} if what == "training" else {}
    row = measurement(
        what,
        "images/s",
        [rate * batch_size for rate in measured.rates],
        batch_size=batch_size,
        precision=_precision(subject, what),
        **building,
        first_call_seconds=measured.first_call_seconds,
        warm_up_seconds=measured.warm_up_seconds,
        images_a_run=measured.units_a_run * batch_size,
    )
    limit = training_limit if what == "training" else forward_limit
    bound = limit(subject.counts[what], batch_size, ceilings, value_bytes)
    return {**row, **bound.described(row["median"])}


def _precision(subject: Subject, what: str) -> str:
    """A run that is trained in another precision computes in float32 all the same."""
    return subject.precision if what == "training" else FLOAT32


def _bytes(dtype: str) -> int:
    return math.ceil(int("".join(c for c in dtype if c.isdigit())) / 8)


def _memory(batch_size: int) -> list[Row]:
    """The peaks until now, where they are known; the largest batch makes them."""
    peaks = {"process memory": process_peak_bytes(), "device memory": device_peak_bytes()}
    return [
        measurement(f"{name}, peak", "bytes", [peak], better="lower", batch_size=batch_size)
        for name, peak in peaks.items()
        if peak is not None
    ]


def _described(subject: Subject) -> dict[str, Any]:
    config, count = subject.config, subject.counts["training"]
    return {
        **config.model_dump(mode="json", include=set(PART_FIELDS)),
        "latent_dim": config.latent_dim,
        "latent_shape": list(subject.run.latent_shape),
        "condition": config.condition,
        "condition_code": config.condition_code,
        "image_shape": list(subject.program.vae.image_shape),
        "data": data_name(config.data),
        "images": len(subject.images.pixels),
        "precision": subject.precision,
        **count._asdict(),
        "training_flop_an_image": training_flop(count),
    }
