"""`vaekit plugins show`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

import click

from vaekit.cli.plugins.built import built
from vaekit.cli.plugins.output import json_alone, print_json
from vaekit.cli.plugins.parts import facts, parts_called, unknown


@click.command(short_help="Show a part's options, shapes and parameters.")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(name: str, as_json: bool) -> None:
    """Show the options of every part called NAME: type, default and meaning.

    Of an encoder or a decoder also the shapes and parameters at 28x28x1 and 64x64x3, of a loss
    its terms and what it needs; all with the options at their defaults.
    """
    from vaekit.startup import select_backend
    from vaekit.options import options_of
    from vaekit.plugins import discover

    with json_alone(as_json):
        select_backend(None)  # first, because a plugin may import Keras, and most factories do
        found = discover()
        parts = parts_called(found, name)
        if not parts:
            raise unknown(found, name, "part")
        shown = []
        for part in parts:
            options = [
                {"name": o.name, "type": o.type_name, "default": o.default, "meaning": o.meaning}
                for o in options_of(part).values()
            ]
            shown.append({**facts(part), "options": options, **built(part)})
    if as_json:
        print_json(shown)
        return
    for each in shown:
        click.echo("\n".join(_lines(each)))


def _lines(part: dict[str, Any]) -> Iterator[str]:
    head = "{kind} {name} ({distribution} {version})".format(**part)
    yield f"{head}: {part['summary']}" if part["summary"] else head
    for option in part["options"]:
        yield "  {name}={default}  ({type})  {meaning}".format(**option).rstrip()
    if not part["options"]:
        yield "  no options"
    for size in part.get("sizes", ()):
        yield from _backbone_lines(size)
    if "built" in part:
        yield from _loss_lines(part["built"])


def _backbone_lines(size: dict[str, Any]) -> Iterator[str]:
    """Layers that follow each other and give one shape share a line."""
    if "refused" in size:
        yield f"  at {_shape(size['image_shape'])}: {size['refused']}"
        return
    ends = f"{_shape(size['input_shape'])} -> {_shape(size['output_shape'])}"
    yield (
        f"  {ends}: {size['parameters']:,} parameters, {size['trainable_parameters']:,} trainable"
    )
    for shape, group in groupby(size["layers"], key=lambda layer: _shape(layer["shape"])):
        layers = list(group)
        count = sum(layer["parameters"] for layer in layers)
        yield f"    {shape:<12}{count:>11,}  {_counted(layer['type'] for layer in layers)}"


def _loss_lines(loss: dict[str, Any]) -> Iterator[str]:
    if "refused" in loss:
        yield f"  {loss['refused']}"
        return
    draws = "a draw of z" if loss["samples"] == 1 else f"{loss['samples']} draws of z"
    yield f"  terms: {', '.join(loss['terms'])}"
    yield f"  takes: reconstructions as {loss['scale']}, {draws} an image"
    yield f"  schedules: {', '.join(loss['schedules']) or 'none'}"
    yield f"  likelihood for the reported elbo: {loss['likelihood'] or 'none, so no elbo'}"
    yield f"  adversary: {loss['adversary'] or 'none'}"


def _shape(shape: Iterable[int]) -> str:
    return "x".join(map(str, shape))


def _counted(words: Iterable[str]) -> str:
    counts = Counter(words)
    return ", ".join(word if n == 1 else f"{n} {word}" for word, n in counts.items())
