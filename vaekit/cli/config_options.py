"""Options of the command line, made from the fields of `vaekit.TrainConfig`."""

from __future__ import annotations

import types
import typing
from collections.abc import Collection, Mapping
from typing import Any, ClassVar, Literal, Union

import click

from vaekit.cli.values import IMAGE_SIZE, KEY_VALUE, ONCE


class ConfigCommand(click.Command):
    """A command that takes fields of the config, beside the parameters of its function.

    Its function gets those that were given by their fields' names, as `config_values` reads them.
    They are made when they are first needed: `vaekit --help` doesn't wait for the config.

    groups: the fields taken, by `vaekit.config.option`'s group. fields: more of them, by name.
    meanings: what a field means for this command, where it isn't what it means elsewhere.
    """

    groups: ClassVar[Collection[str]] = ()
    fields: ClassVar[Collection[str]] = ()
    meanings: ClassVar[Mapping[str, str]] = {}

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """The config's fields first, then the command's own parameters."""
        own = super().get_params(ctx)
        arguments = [p for p in own if isinstance(p, click.Argument)]
        options = [p for p in own if not isinstance(p, click.Argument)]
        return [*arguments, *self._config_options(), *options]

    def _config_options(self) -> list[click.Parameter]:
        from vaekit.config import TrainConfig, about

        return [
            _option(name, self.meanings.get(name))
            for name in TrainConfig.model_fields
            if name in self.fields or about(name, "group") in self.groups
        ]


def config_values(options: Mapping[str, Any], base: Mapping[str, Any] = {}) -> dict[str, Any]:
    """The values for a config: those of `base`, and over them what was given on the line."""
    values = dict(base)
    for name, value in options.items():
        if isinstance(value, tuple) and all(isinstance(pair, tuple) for pair in value):
            values[name] = {**values.get(name, {}), **dict(value)}  # K=V, any number of times
        elif value is not None:
            values[name] = value
    return values


def _option(name: str, meaning: str | None) -> click.Option:
    from vaekit.config import TrainConfig, about

    field = TrainConfig.model_fields[name]
    flag = f"--{name.replace('_', '-')}"
    inner, optional = _without_none(field.annotation)
    settings: dict[str, Any] = {"help": meaning or field.description, "default": None}
    if metavar := about(name, "metavar"):
        settings["metavar"] = metavar
    if inner is bool:
        if optional or field.default:
            flag = f"{flag}/--no-{flag.removeprefix('--')}"
        settings["is_flag"] = True
    elif typing.get_origin(inner) is dict:
        settings |= {"type": KEY_VALUE, "multiple": True}
    else:
        settings |= {"type": _type(inner), **(ONCE if about(name, "once") else {})}
    if meaning is None:
        default = about(name, "shown_default")
        if default is None and inner is bool and field.default:
            default = "yes"
        elif default is None and inner is not bool and isinstance(field.default, str | int | float):
            default = str(field.default)
        settings["show_default"] = default or False
    return click.Option([flag, name], **settings)


def _type(annotation: Any) -> Any:
    origin = typing.get_origin(annotation)
    if origin is Literal:
        return click.Choice(typing.get_args(annotation))
    if origin is tuple and typing.get_args(annotation)[-1] is not Ellipsis:
        return IMAGE_SIZE
    # Bounds and spelling are the config's to check, in its own words.
    return annotation if annotation in (int, float) else str


def _without_none(annotation: Any) -> tuple[Any, bool]:
    """A type without `None` and `Annotated`, and whether it took None; text where it is several."""
    members = (annotation,)
    if typing.get_origin(annotation) in (Union, types.UnionType):
        members = typing.get_args(annotation)
    bare = [
        typing.get_args(member)[0] if typing.get_origin(member) is typing.Annotated else member
        for member in members
        if member is not type(None)
    ]
    return bare[0] if len(bare) == 1 else str, len(bare) < len(members)
