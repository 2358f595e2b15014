"""Parts of a kind of which any number may be asked for by name: metrics, trackers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from vaekit.config import parse_names
from vaekit.errors import OptionError, closest
from vaekit.model.builders import Part
from vaekit.options import check_options, resolved_options
from vaekit.registry import Registry


def resolve_asked(
    kind: str, names: str | Sequence[str], options: Mapping[str, Any], registry: Registry
) -> dict[str, Part]:
    """The parts of these names, `nll,mig` or a list, with all of their options, checked.

    options: those of a part by its name; or of the one part by the option's, as `samples`, and of
        several as `nll.samples`.

    Raises `OptionError` for options of a part that isn't asked for or that it doesn't have,
    `UnknownNameError` for a name that none has.
    """
    asked = list(dict.fromkeys(parse_names(names)))
    by_part = _options_by_part(kind, asked, options)
    parts = {}
    for name in asked:
        component = registry.get(kind, name)
        checked = check_options(component, by_part.get(name, {}))
        parts[name] = Part(component, resolved_options(component, checked))
    return parts


def _options_by_part(
    kind: str, names: Sequence[str], options: Mapping[str, Any]
) -> Mapping[str, Mapping[str, Any]]:
    by_part: dict[str, dict[str, Any]] = {}
    for key, value in options.items():
        name, dot, option = key.rpartition(".")
        if isinstance(value, Mapping):
            name, values = key, dict(value)
        elif dot:
            values = {option: value}
        elif len(names) == 1:
            name, values = names[0], {option: value}
        else:
            example = names[0] if names else "NAME"
            raise OptionError(
                f"Of which {kind} is the option {key!r}? Write {example}.{key}={value}."
            )
        if name not in names:
            raise OptionError(
                f"There is an option of the {kind} {name!r}, which isn't asked for. "
                f"{closest(name, names)}"
            )
        by_part.setdefault(name, {}).update(values)
    return by_part
