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
from vaekit.benchmark.timing import measure
from vaekit.config import TrainConfig
from vaekit.run import describe_environment

THROUGHPUT = ("training", "encode", "decode", "sample")
MEASURES = (*THROUGHPUT, "startup")

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
    computed = keras.dtype_policies.get(subject.precision).compute_dtype
    ceilings: list[Ceilings] = []
    rows: list[Row] = []

    def add(row: Row) -> None:
        rows.append(row)
        say(row)

    for what in (name for name in THROUGHPUT if name in measures):
        # Anew for each, since a shared machine isn't the same from one minute to the next.
        ceilings.append(measure_ceilings(computed, seconds=seconds / 4))
        for batch_size in batch_sizes:
            add(_throughput(subject, what, batch_size, ceilings[-1], seconds=seconds, runs=runs))
        if what == "training":
            for row in _memory():
                add(row)
    if "startup" in measures:
        for row in measure_startup(subject.config, min(batch_sizes), runs=runs):
            add(row)
    return {
        **heading("kit"),
        **describe_environment(),
        "device_model": device_model(),
        "choices": subject.run.record["choices"],
        "subject": _described(subject),
        "settings": {"seconds": seconds, "runs": runs},
        "ceilings": highest(ceilings)._asdict() if ceilings else None,
        "measurements": rows,
    }


def _throughput(
    subject: Subject,
    what: str,
    batch_size: int,
    ceilings: Ceilings,
    *,
    seconds: float,
    runs: int,
) -> Row:
    """Images/s of one kind of work at one batch size, and its share of what could be."""
    measured = measure(getattr(subject, what)(batch_size), seconds=seconds, runs=runs)
    row = measurement(
        what,
        "images/s",
        [rate * batch_size for rate in measured.rates],
        batch_size=batch_size,
        first_call_seconds=measured.first_call_seconds,
        warm_up_seconds=measured.warm_up_seconds,
        images_a_run=measured.units_a_run * batch_size,
    )
    computed = keras.dtype_policies.get(subject.precision).compute_dtype
    limit = training_limit if what == "training" else forward_limit
    bound = limit(subject.counts[what], batch_size, ceilings, math.ceil(_bits(computed) / 8))
    return {**row, **bound.described(row["median"])}


def _bits(dtype: str) -> int:
    return int("".join(c for c in dtype if c.isdigit()))


def _memory() -> list[Row]:
    """The peaks until now, where they are known."""
    peaks = {"process memory": process_peak_bytes(), "device memory": device_peak_bytes()}
    return [
        measurement(f"{name}, peak", "bytes", [peak], better="lower")
        for name, peak in peaks.items()
        if peak is not None
    ]


def _described(subject: Subject) -> dict[str, Any]:
    config, count = subject.config, subject.counts["training"]
    return {
        "encoder": config.encoder,
        "decoder": config.decoder,
        "loss": config.loss,
        "encoder_opt": config.encoder_opt,
        "decoder_opt": config.decoder_opt,
        "loss_opt": config.loss_opt,
        "latent_dim": config.latent_dim,
        "image_shape": list(subject.program.vae.image_shape),
        "data": data_name(config.data),
        "images": len(subject.pixels),
        "precision": subject.precision,
        **count._asdict(),
        "training_flop_an_image": training_flop(count),
    }
