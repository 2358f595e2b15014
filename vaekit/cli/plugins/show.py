"""`vaekit plugins list` and `vaekit plugins show`."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import click

from vaekit.cli.plugins.describe import described, description_lines
from vaekit.cli.plugins.parts import (
    FACTS,
    facts,
    json_alone,
    parts_called,
    print_json,
    unknown,
)


@click.command("list", short_help="List the installed parts.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_parts(as_json: bool = False) -> None:
    """List every part with its distribution, and broken plugins with the reason."""
    from vaekit.plugins import discover

    with json_alone(as_json):
        plugins = discover()
    rows = [facts(part) for part in plugins.registry]
    if as_json:
        broken = [dataclasses.asdict(plugin) for plugin in plugins.broken]
        print_json({"parts": rows, "broken": broken})
        return
    widths = {f: max([len(f), *(len(row[f]) for row in rows)]) for f in FACTS[:-1]}
    for row in [{field: field.upper() for field in FACTS}, *rows]:
        line = "  ".join(row[field].ljust(widths.get(field, 0)) for field in FACTS)
        click.echo(line.rstrip())
    for plugin in plugins.broken:
        click.echo(f"broken: {plugin.title}: {plugin.reason}")


@click.command(short_help="Show a part's options, shapes and parameters.")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(name: str, as_json: bool) -> None:
    """Show the options of every part called NAME: type, default and meaning.

    Of an encoder or a decoder also the shapes and parameters at 28x28x1 and 64x64x3, of a loss
    its terms and what it needs; all with the options at their defaults.
    """
    from vaekit.options import options_of
    from vaekit.plugins import discover
    from vaekit.startup import select_backend

    with json_alone(as_json):
        select_backend(None)  # first, because a plugin may import Keras, and most factories do
        plugins = discover()
        parts = parts_called(plugins, name)
        if not parts:
            raise unknown(plugins, name, "part")
        document = []
        for part in parts:
            options = [
                {"name": o.name, "type": o.type_name, "default": o.default, "meaning": o.meaning}
                for o in options_of(part).values()
            ]
            document.append({**facts(part), "options": options, **described(part)})
    if as_json:
        print_json(document)
        return
    for entry in document:
        click.echo("\n".join(_lines(entry)))


def _lines(part: dict[str, Any]) -> Iterator[str]:
    head = "{kind} {name} ({distribution} {version})".format(**part)
    yield f"{head}: {part['summary']}" if part["summary"] else head
    for option in part["options"]:
        yield "  {name}={default}  ({type})  {meaning}".format(**option).rstrip()
    if not part["options"]:
        yield "  no options"
    yield from description_lines(part)
