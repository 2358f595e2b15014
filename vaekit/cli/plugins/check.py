"""`vaekit plugins check`."""

from __future__ import annotations

import dataclasses
import textwrap
from collections import Counter
from typing import TYPE_CHECKING

import click

from vaekit.cli.plugins.parts import (
    facts,
    json_alone,
    parts_called,
    parts_from,
    print_json,
    unknown,
)
from vaekit.registry import KINDS

if TYPE_CHECKING:
    from vaekit.plugins import BrokenPlugin, Plugins
    from vaekit.registry import Component
    from vaekit.testing import Result

STATUSES = ("passed", "failed", "known", "skipped")
_WIDEST = 300  # characters of a reason in a line; JSON has all of it


@click.command(short_help="Run the conformance suite on parts.")
@click.argument("name", metavar="NAME|DISTRIBUTION")
@click.option("--kind", type=click.Choice(tuple(KINDS)), help="Only parts of this kind.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, and the lines on stderr.")
@click.pass_context
def check(ctx: click.Context, name: str, kind: str | None, as_json: bool) -> None:
    """Check every part called NAME, or else every part of DISTRIBUTION: a line a check.

    Exit code 1 says that a check failed, or that a plugin of DISTRIBUTION is broken. Known
    failures, and checks that don't apply, are told with their reason and don't count.
    """
    from vaekit.plugins import discover
    from vaekit.startup import select_backend

    with json_alone(as_json):
        select_backend(None)  # first, because a plugin may import Keras, and the suite does
        parts, broken = _parts_meant(discover(), name, kind)
        for plugin in broken:
            click.echo(f"broken: {plugin.title}: {plugin.reason}")
        results = [_checked(part) for part in parts]
        every = [result for of_part in results for result in of_part]
        counts: Counter[str] = Counter(result.status for result in every)
        summary = [f"{counts[status]} {status}" for status in STATUSES if counts[status]]
        summary += [f"{len(broken)} broken"] if broken else []
        click.echo(f"{', '.join(summary)}; {sum(result.seconds for result in every):.1f} s")
    if as_json:
        document = {
            "parts": [
                {**facts(part), "checks": [result._asdict() for result in of_part]}
                for part, of_part in zip(parts, results, strict=True)
            ],
            "broken": [dataclasses.asdict(plugin) for plugin in broken],
            **{status: counts[status] for status in STATUSES},
        }
        print_json(document)
    ctx.exit(1 if counts["failed"] or broken else 0)


def _parts_meant(
    plugins: Plugins, name: str, kind: str | None
) -> tuple[list[Component], list[BrokenPlugin]]:
    """The parts that `name` means, and the broken plugins of the distribution if it means one.

    Raises `UnknownNameError` if it means nothing.
    """
    parts: list[Component] = parts_called(plugins, name)
    broken: list[BrokenPlugin] = []
    if not parts:
        parts, broken = parts_from(plugins, name)
    parts = [part for part in parts if kind in (None, part.kind)]
    if not parts and not broken:
        raise unknown(plugins, name, f"{kind or 'part'} or distribution")
    return parts, broken


def _checked(part: Component) -> list[Result]:
    """How each check of a part went, told as soon as it's known."""
    from vaekit.testing import run_checks, subject_of

    click.echo(f"{part.kind} {part.name} ({part.distribution} {part.version})")
    results = []
    for result in run_checks(subject_of(part)):
        results.append(result)
        reason = textwrap.shorten(result.reason, _WIDEST, placeholder=" ...")
        line = f"  {result.status:<8}{result.check:<34}{result.seconds:6.2f} s  {reason}"
        click.echo(line.rstrip())
    return results
