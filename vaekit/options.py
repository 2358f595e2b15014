"""A factory's options, read from its signature and docstring, and given values checked by them."""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Union

from vaekit.errors import OptionError, closest
from vaekit.registry import KINDS, Component


@dataclass(frozen=True)
class Option:
    """One keyword argument of a factory."""

    name: str
    annotation: Any
    default: Any
    meaning: str

    @property
    def type_name(self) -> str:
        """The type for people: `int`, `bernoulli|gaussian`, `list[int]`."""
        return _type_name(self.annotation)


def options_of(part: Component) -> dict[str, Option]:
    """The options of a part, in the order of its factory's signature.

    Raises `OptionError` if the factory has a parameter that the kit doesn't fill in and that has
    no default: it could never be built from its name alone.
    """
    factory = part.load()
    meanings = _meanings(factory)
    options = {}
    for name, parameter in _signature(part, factory).parameters.items():
        if name in KINDS[part.kind].filled or parameter.kind in (
            inspect.Parameter.VAR_KEYWORD,
            inspect.Parameter.VAR_POSITIONAL,
        ):
            continue
        if parameter.default is inspect.Parameter.empty:
            raise OptionError(
                f"The {part.kind} {part.name!r} of {part.distribution} can't be built: its "
                f"option {name!r} has no default. Tell its author."
            )
        annotation = parameter.annotation
        if annotation is inspect.Parameter.empty:
            annotation = Any if parameter.default is None else type(parameter.default)
        options[name] = Option(name, annotation, parameter.default, meanings.get(name, ""))
    return options


def arguments_of(part: Component) -> list[str]:
    """The names of what the kit hands to a part's factory, in their order.

    Where a kind leaves the choice, a factory that names none of the alternatives gets the first.
    """
    try:
        named = set(_signature(part, part.load()).parameters)
    except OptionError:  # a callable without a signature
        named = set()
    choices = [names.split("|") for names in KINDS[part.kind].arguments]
    return [next((n for n in names if n in named), names[0]) for names in choices]


def _signature(part: Component, factory: Callable[..., Any]) -> inspect.Signature:
    try:
        return inspect.signature(factory, eval_str=True)
    except NameError as error:
        raise OptionError(
            f"The options of the {part.kind} {part.name!r} of {part.distribution} can't be read: "
            f"{error}. Its author must import what the signature names, not for type checkers only."
        ) from error
    except Exception as error:  # a built-in type has no signature; annotations may be any text
        raise OptionError(
            f"The options of the {part.kind} {part.name!r} of {part.distribution} can't be read: "
            f"{error}. Tell its author."
        ) from error


def check_options(part: Component, values: Mapping[str, Any]) -> dict[str, Any]:
    """`values` with each value as the part's signature types it; texts are converted.

    Raises `OptionError` for an unknown option or a value that doesn't fit, naming the valid ones.
    """
    from pydantic import ConfigDict, TypeAdapter, ValidationError

    options = options_of(part)
    checked = {}
    for name, value in values.items():
        if name not in options:
            takes = ", ".join(f"{o.name}={o.type_name}" for o in options.values()) or "none"
            raise OptionError(
                f"The {part.kind} {part.name!r} has no option {name!r}; it takes {takes}. "
                f"{closest(name, options)}"
            )
        option = options[name]
        try:
            adapter: TypeAdapter[Any] = TypeAdapter(
                option.annotation, config=ConfigDict(allow_inf_nan=False)
            )
            checked[name] = adapter.validate_python(_from_text(value, option.annotation))
        except ValidationError as error:
            wrong = error.errors()[0]["msg"]
            raise OptionError(
                f"The {part.kind} {part.name!r} takes {name}={option.type_name}, not {value!r}: "
                f"{wrong[0].lower()}{wrong[1:]}."
            ) from None
    return checked


def resolved_options(part: Component, checked: Mapping[str, Any]) -> dict[str, Any]:
    """Every option of a part: as it was given, else its default."""
    return {name: checked.get(name, option.default) for name, option in options_of(part).items()}


def _meanings(factory: Callable[..., Any]) -> dict[str, str]:
    from docstring_parser import parse

    parsed = parse(inspect.getdoc(factory) or "")
    return {p.arg_name: " ".join((p.description or "").split()) for p in parsed.params}


def _bare(annotation: Any) -> Any:
    """The annotation without `Annotated[...]`."""
    return (
        typing.get_args(annotation)[0]
        if typing.get_origin(annotation) is typing.Annotated
        else annotation
    )


def _from_text(value: Any, annotation: Any) -> Any:
    """A text from the command line as something pydantic reads: `1,2` is a list, `none` is None."""
    if not isinstance(value, str):
        return value
    annotation = _bare(annotation)
    origin = typing.get_origin(annotation)
    if origin in (Union, types.UnionType) and type(None) in typing.get_args(annotation):
        if value.lower() == "none":
            return None
        inner = [a for a in typing.get_args(annotation) if a is not type(None)]
        return _from_text(value, inner[0]) if len(inner) == 1 else value
    if origin in (list, tuple):
        return [item.strip() for item in value.split(",") if item.strip()]
    if origin is Literal:  # a number among the choices comes as a text, too
        return next((a for a in typing.get_args(annotation) if str(a) == value), value)
    return value


def _type_name(annotation: Any) -> str:
    annotation = _bare(annotation)
    origin, args = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is Literal:
        return "|".join(str(a) for a in args)
    if origin in (Union, types.UnionType):
        return " or ".join(_type_name(a) for a in args)
    if annotation is type(None):
        return "none"
    if annotation is Ellipsis:
        return "..."
    if origin in (list, tuple):
        return f"{origin.__name__}[{', '.join(_type_name(a) for a in args)}]"
    if origin is None and isinstance(annotation, type):
        return annotation.__name__
    return str(annotation).replace("typing.", "")
