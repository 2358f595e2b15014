"""`vaekit presets`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from vaekit.presets import NamedPreset


@click.command(short_help="List the presets, or show the values of one.")
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def presets(name: str | None, as_json: bool) -> None:
    """List the combinations that `vaekit train --preset NAME` takes, with paper and purpose.

    With a NAME, show the values of that one, as a config file has them. What is typed beside
    `--preset`, or stands in the config file, wins over each.
    """
    from vaekit.presets import named_preset, named_presets

    if name is not None:
        preset = named_preset(name)
        if as_json:
            _print_json(_facts(preset))
        else:
            click.echo("\n".join(_lines(preset)))
        return
    rows = list(named_presets().values())
    if as_json:
        _print_json([_facts(preset) for preset in rows])
        return
    named = max(len(preset.name) for preset in rows)
    papers = max(len(_arxiv(preset)) for preset in rows)
    click.echo(f"{'NAME':<{named}}  {'PAPER':<{papers}}  GOOD FOR")
    for preset in rows:
        click.echo(f"{preset.name:<{named}}  {_arxiv(preset):<{papers}}  {preset.good_for}")


def _arxiv(preset: NamedPreset) -> str:
    return f"arXiv:{preset.arxiv}" if preset.arxiv else ""


def _facts(preset: NamedPreset) -> dict[str, Any]:
    return {**preset._asdict(), "distributions": list(preset.distributions)}


def _lines(preset: NamedPreset) -> Iterator[str]:
    """A preset as a config file that can be saved: what it isn't made of is in comments."""
    import tomli_w

    told = {
        "paper": f"{preset.paper} {_arxiv(preset)}".rstrip(),
        "good for": preset.good_for,
        "trained": preset.trained,
        "differs": preset.differs,
        "parts of": ", ".join(preset.distributions),
    }
    yield f"# {preset.name}"
    for title, text in told.items():
        if text:
            yield f"# {title}: {text}"
    if preset.steps is not None:
        yield f"# epochs: as many as make {preset.steps:,} steps"
    if preset.values:
        yield tomli_w.dumps(dict(preset.values)).rstrip()


def _print_json(document: Any) -> None:
    import json

    click.echo(json.dumps(document, indent=2))
