"""`vaekit plugins list`."""

from __future__ import annotations

import dataclasses

import click

from vaekit.cli.plugins.output import json_alone, print_json
from vaekit.cli.plugins.parts import FACTS, facts


@click.command("list", short_help="List the installed parts.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_parts(as_json: bool = False) -> None:
    """List every part with its distribution, and broken plugins with the reason."""
    from vaekit.plugins import discover

    with json_alone(as_json):
        found = discover()
    rows = [facts(part) for part in found.registry]
    if as_json:
        broken = [dataclasses.asdict(plugin) for plugin in found.broken]
        print_json({"parts": rows, "broken": broken})
        return
    widths = {f: max([len(f), *(len(row[f]) for row in rows)]) for f in FACTS[:-1]}
    for row in [{field: field.upper() for field in FACTS}, *rows]:
        line = "  ".join(row[field].ljust(widths.get(field, 0)) for field in FACTS)
        click.echo(line.rstrip())
    for plugin in found.broken:
        click.echo(f"broken: {plugin.title}: {plugin.reason}")
