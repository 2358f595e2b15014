"""`--plugin` and `--no-plugin`, which every command takes."""

from __future__ import annotations

import click


def offer_selection(command: click.Command) -> None:
    """Add the two options to a command, and to all commands below it.

    So they may stand before a command's name and after it.
    """
    command.params += [
        click.Option(
            ["--plugin"],
            metavar="FILE",
            multiple=True,
            expose_value=False,
            callback=_load,
            help="Load a plugin that is one Python file.",
        ),
        click.Option(
            ["--no-plugin"],
            metavar="NAME",
            multiple=True,
            expose_value=False,
            callback=_leave_out,
            help="Leave out a plugin, by its name or its distribution's.",
        ),
    ]
    if isinstance(command, click.Group):
        for below in command.commands.values():
            offer_selection(below)


def _load(ctx: click.Context, _: click.Parameter, files: tuple[str, ...]) -> None:
    if files and not ctx.resilient_parsing:
        from vaekit.plugins import selected

        ctx.obj.enter_context(selected(files=files))


def _leave_out(ctx: click.Context, _: click.Parameter, names: tuple[str, ...]) -> None:
    if names and not ctx.resilient_parsing:
        from vaekit.plugins import selected

        ctx.obj.enter_context(selected(without=names))
