"""`vaekit plugins`: what there is to choose from."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import click


@click.group(invoke_without_command=True)
@click.pass_context
def plugins(ctx: click.Context) -> None:
    """List the parts that are installed, and the options of one."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_parts)


@plugins.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_parts(as_json: bool = False) -> None:
    """Every part with kind, summary, distribution and version; broken plugins with the reason."""
    from vaekit.plugins import discover

    found = discover()
    fields = ("kind", "name", "distribution", "version", "summary")
    rows = [{field: getattr(part, field) for field in fields} for part in found.registry]
    if as_json:
        broken = [dataclasses.asdict(plugin) for plugin in found.broken]
        click.echo(json.dumps({"parts": rows, "broken": broken}, indent=2))
        return
    widths = {f: max([len(f), *(len(row[f]) for row in rows)]) for f in fields[:-1]}
    for row in [{field: field.upper() for field in fields}, *rows]:
        line = "  ".join(row[field].ljust(widths.get(field, 0)) for field in fields)
        click.echo(line.rstrip())
    for plugin in found.broken:
        click.echo(
            f"broken: {plugin.entry_point} of {plugin.distribution} {plugin.version}: "
            f"{plugin.reason}"
        )


@plugins.command()
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(name: str, as_json: bool) -> None:
    """The options of every part called NAME: type, default and meaning."""
    from vaekit.errors import UnknownNameError, closest
    from vaekit.options import options_of
    from vaekit.plugins import discover
    from vaekit.registry import KINDS

    registry = discover().registry
    known = {kind: registry.names(kind) for kind in KINDS}
    bare = name.partition("@")[0]
    parts = [registry.get(kind, name) for kind in KINDS if bare in known[kind]]
    if not parts:
        every = {part for names in known.values() for part in names}
        raise UnknownNameError(f"There is no part {name!r}. {closest(name, every)}")
    from vaekit.backend import select_backend

    select_backend(None)  # most factories import Keras
    shown: list[dict[str, Any]] = [
        {
            "kind": part.kind,
            "name": part.name,
            "distribution": part.distribution,
            "version": part.version,
            "summary": part.summary,
            "options": [
                {"name": o.name, "type": o.type_name, "default": o.default, "meaning": o.meaning}
                for o in options_of(part).values()
            ],
        }
        for part in parts
    ]
    if as_json:
        click.echo(json.dumps(shown, indent=2))
        return
    for part in shown:
        click.echo("{kind} {name} ({distribution} {version}): {summary}".format(**part))
        for option in part["options"]:
            click.echo("  {name}={default}  ({type})  {meaning}".format(**option))
        if not part["options"]:
            click.echo("  no options")
