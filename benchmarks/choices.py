"""What `--autotune` chooses among, every combination in turn on this machine: A B C, C B A, ...

    python benchmarks/choices.py [--isa AVX2] [--xla] [--backends tensorflow,jax,torch]

Each combination trains the tutorial's nets on noise; those that differ in what is decided before
the backend starts do so in processes of their own, one at a time. The ratio to the usual choices is
taken within each round; its median over the rounds and its range are what counts. `--isa` masks
the processor's instructions for oneDNN, as on one that lacks them. Do nothing else meanwhile.
"""

from __future__ import annotations

import statistics

import click

from vaekit.autotune.combination import USUAL, Combination, combinations, usual_of
from vaekit.autotune.machine import fewer_threads, has_glibc, machine_of
from vaekit.autotune.race import Race, race
from vaekit.cli.values import BATCH_SIZES, SECONDS
from vaekit.startup import BACKENDS

ISAS = ("SSE41", "AVX", "AVX2", "AVX2_VNNI", "AVX512_CORE", "AVX512_CORE_VNNI", "AVX512_CORE_BF16")


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--isa", type=click.Choice(ISAS), help="Let oneDNN use no more than these.")
@click.option("--gpu", is_flag=True, help="What there is to choose on a GPU.")
@click.option("--xla", is_flag=True, help="Compiled by XLA, too.")
@click.option("--backends", default="tensorflow", show_default=True, help="The first, then others.")
@click.option("--batch-sizes", type=BATCH_SIZES, default="32,128", show_default=True)
@click.option("--rounds", type=click.IntRange(1), default=6, show_default=True)
@click.option("--seconds", type=SECONDS, default=1.5, show_default=True, help="About, a turn.")
def main(
    isa: str | None,
    gpu: bool,
    xla: bool,
    backends: str,
    batch_sizes: tuple[int, ...],
    rounds: int,
    seconds: float,
) -> None:
    """Race all combinations at each batch size."""
    entered = combinations(gpu=gpu, glibc=has_glibc(), fewer_threads=fewer_threads())
    if xla:
        entered += [one._replace(xla=True) for one in entered if one.allocator == "system"]
    names = [name for name in backends.split(",") if name != USUAL.backend]
    if not set(names) <= set(BACKENDS):
        raise click.UsageError(f"--backends takes {', '.join(BACKENDS)}.")
    entered = list(dict.fromkeys(entered)) + [usual_of(name) for name in names]
    environment = {"ONEDNN_MAX_CPU_ISA": isa} if isa else {}
    click.echo(
        machine_of("tensorflow", None)["processor"] + (f", oneDNN up to {isa}" if isa else "")
    )
    for size in batch_sizes:
        result = race(
            entered,
            settings={} if gpu else {"device": "cpu"},
            environment=environment,
            batch_size=size,
            rounds=rounds,
            seconds=seconds,
            limit=3600.0,
            to_the_end=True,
        )
        click.echo(
            f"\nbatch {size}, {result.device}: images/s, and times the first: by the clock, and"
        )
        click.echo("by the processor's time")
        for one in entered:
            click.echo(_line(one, result))


def _line(one: Combination, result: Race) -> str:
    if one not in result.rates:
        return f"{one.text():<58} can't train"
    spreads = [_spread(rates, one) for rates in (result.rates, result.processor_rates)]
    speed = statistics.median(result.rates[one])
    return f"{one.text():<58} {speed:>7,.0f}  {spreads[0]}  {spreads[1]}"


def _spread(rates: dict[Combination, list[float]], one: Combination) -> str:
    usual = next(iter(rates.values()))
    ratios = [mine / other for mine, other in zip(rates[one], usual, strict=True)]
    return f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"


if __name__ == "__main__":
    main()
