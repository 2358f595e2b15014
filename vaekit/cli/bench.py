"""`vaekit bench`: how fast the kit is here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import click

from vaekit.cli.config_options import ConfigCommand, config_values
from vaekit.cli.values import BATCH_SIZES, SECONDS
from vaekit.errors import UserError

_MEASURES = ("training", "encode", "decode", "sample", "startup")
# What takes minutes, makes runs of its own, and has a result of its own.
_ALONE = ("growth", "many-runs")


class _Measures(click.ParamType[tuple[str, ...]]):
    """`training,encode`: what to measure."""

    name = "NAME,..."

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[str, ...]:
        """Names of measures, in the order in which they are taken."""
        if isinstance(value, tuple):
            return value
        names = value.split(",")
        for name in names:
            if name not in (*_MEASURES, *_ALONE):
                known = ", ".join((*_MEASURES, *_ALONE))
                self.fail(f"{name!r} is none of {known}.", param, ctx)
        alone = [name for name in _ALONE if name in names]
        if alone:
            if len(names) > 1:
                self.fail(f"{alone[0]} is measured alone: name nothing beside it.", param, ctx)
            return (alone[0],)
        return tuple(name for name in _MEASURES if name in names)


class _Bench(ConfigCommand, click.Group):
    groups = ("parts", "data", "machine")
    meanings: ClassVar = {
        "data": "A registered name or a path. Default: grey noise, 28x28.",
        "image_size": "Of the noise, or to resize to: 64 or 64x48.",
    }


@click.group(cls=_Bench, invoke_without_command=True, short_help="Measure speed on this machine.")
@click.option(
    "--batch-sizes", type=BATCH_SIZES, default="32,128,512,2048", show_default=True, help="Images."
)
@click.option(
    "--measure",
    type=_Measures(),
    default=",".join(_MEASURES),
    show_default=True,
    help="What to measure; or alone, in minutes: growth, many-runs.",
)
@click.option(
    "--seconds",
    type=SECONDS,
    default=5.0,
    show_default=True,
    help="About how long one run of one measurement takes.",
)
@click.option("--runs", type=click.IntRange(1), default=5, show_default=True, help="Of each.")
@click.option("--out", metavar="FILE", type=click.Path(path_type=Path), help="JSON to write.")
@click.pass_context
def bench(ctx: click.Context, /, **options: Any) -> None:
    """Measure training, encoding, decoding, sampling, start-up and memory on this machine.

    Every speed is set against what the arithmetic and the memory traffic of the nets allow here.
    Compiling and warming up are measured apart. Do nothing else on the machine meanwhile.

    `--measure growth` sets the seconds of each stage of a run, from reading to the report, against
    its work, as images, pixels, latents and epochs double. `--measure many-runs --runs 200` says
    whether memory stays flat over so many runs in one process.
    """
    if ctx.invoked_subcommand is None:
        _measure(**options)


def _measure(
    *,
    batch_sizes: tuple[int, ...],
    measure: tuple[str, ...],
    seconds: float,
    runs: int,
    out: Path | None,
    **options: Any,
) -> None:
    from vaekit.benchmark.results import refuse_unwritable, write_result
    from vaekit.config import TrainConfig

    if out is not None:
        refuse_unwritable(out)
    config = TrainConfig.checked(config_values(options))

    from vaekit.plugins import warn_of_broken
    from vaekit.startup import select_backend

    if config.autotune in ("on", "again"):
        from vaekit.api import tuned

        config = tuned(config).applied(config)
    select_backend(config.backend, config.settings)
    warn_of_broken()
    if measure[0] in _ALONE:
        result = _measured_alone(measure[0], config, min(batch_sizes), runs)
        if out is not None:
            write_result(result, out)
            click.echo(f"Written to {out}.")
        return
    from vaekit.benchmark.suite import run_suite

    with _named_as_here():
        result = run_suite(
            config,
            batch_sizes=batch_sizes,
            measures=measure,
            seconds=seconds,
            runs=runs,
            say=lambda row: click.echo(_line(row)),
        )
    for ceilings in filter(None, (result["ceilings"], *result["other_ceilings"])):
        click.echo(
            f"Ceilings: {ceilings['flop_per_s'] / 1e9:,.1f} GFLOP/s, "
            f"{ceilings['bytes_per_s'] / 1e9:,.1f} GB/s; {ceilings['dtype']} on "
            f"{result['machine']['devices'][0]}, {result['backend']}."
        )
    if out is not None:
        write_result(result, out)
        click.echo(f"Written to {out}.")


def _measured_alone(name: str, config: Any, batch_size: int, runs: int) -> dict[str, Any]:
    """The result of one of the measures that make runs of their own."""
    if config.data is not None:
        raise UserError(f"--measure {name} makes its images itself: leave --data out.")
    from vaekit.benchmark.growth import run_growth
    from vaekit.benchmark.many_runs import run_many

    measured = {"growth": run_growth, "many-runs": run_many}[name]
    with _named_as_here():
        return measured(
            config, batch_size=batch_size, runs=runs, say=lambda row: click.echo(_line(row))
        )


@contextmanager
def _named_as_here() -> Iterator[None]:
    """The trainer's advice speaks of its own option, `--batch-size`; here it has another name."""
    try:
        yield
    except UserError as error:
        raise UserError(re.sub(r"--batch-size\b", "--batch-sizes", str(error))) from error


@bench.command("compare")
@click.argument("old", type=click.Path(path_type=Path))
@click.argument("new", type=click.Path(path_type=Path))
def compare_results(old: Path, new: Path) -> None:
    """Say what became slower from one result file to another; exit code 1 if anything did.

    Slower is what lies beyond the spread: the best new run is slower than the worst old one. What
    was taken once, such as a peak of memory, counts as known to 5 %.
    """
    from vaekit.benchmark.comparison import compare, differences, unmatched
    from vaekit.benchmark.results import read_result

    before, after = read_result(old), read_result(new)
    changes = compare(before, after)
    for sentence in differences(before, after):
        click.echo(sentence)
    for path, names in zip((old, new), unmatched(before, after), strict=True):
        if names:
            click.echo(f"Only in {path}: {'; '.join(names)}.")
    width = max(len(change.name) for change in changes)
    for change in changes:
        click.echo(
            f"{change.name:<{width}}  {change.old:>14,.2f}  {change.new:>14,.2f} {change.unit:<9}"
            f"{change.factor:7.2f} x  {change.verdict}"
        )
    if any(change.worse for change in changes):
        raise SystemExit(1)


def _line(row: dict[str, Any]) -> str:
    from vaekit.benchmark.comparison import name_of

    if row["unit"] == "bytes":
        return f"{name_of(row):<36} {row['median'] / 2**20:>12,.0f} MiB"
    if "verdict" in row:
        return _verdict(row, name_of(row))
    text = f"{name_of(row):<36} {row['median']:>12,.2f} {row['unit']}"
    text += f" ({row['lowest']:,.2f} to {row['highest']:,.2f})"
    if "share_of_limit" in row:
        text += f"  {row['share_of_limit']:.0%} of the limit"
        built = f"built in {row['build_seconds']:.2f} s, " if "build_seconds" in row else ""
        text += f"; {built}first call {row['first_call_seconds']:.2f} s"
    return text


def _verdict(row: dict[str, Any], name: str) -> str:
    if row["unit"] == "exponent":
        text = f"{name:<36} grows by the power {row['median']:.2f}, its work by "
        return f"{text}{row['work_exponent']:.2f}: {row['verdict']}"
    return f"{name:<36} {row['median'] / 2**10:>12,.1f} KiB a run: {row['verdict']}"
