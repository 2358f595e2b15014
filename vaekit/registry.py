"""Names to parts: which encoders, decoders, losses and data sets there are, and whose they are."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from vaekit.errors import BuildError, UnknownNameError, UserError, closest
from vaekit.types import Factory

KIT = "vaekit"  # the distribution whose names nobody else can take


class Kind(NamedTuple):
    """A kind of part.

    given: the parameters that the kit fills in; a factory's other parameters are its options.
    """

    name: str
    hook: str
    given: tuple[str, ...]


KINDS = {
    kind.name: kind
    for kind in (
        Kind("encoder", "register_encoders", ("image_shape",)),
        Kind("decoder", "register_decoders", ("latent_dim", "image_shape")),
        Kind("loss", "register_losses", ()),
        Kind("dataset", "register_datasets", ()),
    )
}

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")


@dataclass(frozen=True)
class Component:
    """One registered part, and the distribution that it came from."""

    kind: str
    name: str
    summary: str
    factory: Factory | str
    distribution: str
    version: str

    @property
    def full_name(self) -> str:
        """The name that stays unambiguous when two distributions offer the same one."""
        return f"{self.name}@{self.distribution}"

    def load(self) -> Factory:
        """The factory itself, imported now if it was registered as text.

        Raises `BuildError` if it can't be imported.
        """
        if not isinstance(self.factory, str):
            return self.factory
        module, _, attribute = self.factory.partition(":")
        try:
            factory: Factory = getattr(importlib.import_module(module), attribute)
            return factory
        except (Exception, SystemExit) as error:
            raise BuildError(
                f"The {self.kind} {self.name!r} of {self.distribution} {self.version} can't be "
                f"imported from {self.factory}: {error}."
            ) from error


class Registry:
    """The parts, by kind and name. Two distributions may offer one name; then neither wins."""

    def __init__(self) -> None:
        self._parts: dict[str, dict[str, dict[str, Component]]] = {kind: {} for kind in KINDS}

    def add(self, *parts: Component) -> None:
        """Take in parts: all of them, or none if one is refused.

        Raises `ValueError` if a name is malformed, is the kit's own, or was already offered by
        the same distribution.
        """
        seen: set[tuple[str, str, str]] = set()
        for part in parts:
            self._check(part)
            key = (part.kind, part.name, part.distribution)
            if key in seen:
                raise ValueError(f"{part.kind} {part.name!r} is registered twice")
            seen.add(key)
        for part in parts:
            self._parts[part.kind].setdefault(part.name, {})[part.distribution] = part

    def _check(self, part: Component) -> None:
        if not _NAME.fullmatch(part.name):
            raise ValueError(
                f"{part.name!r} is no name for a part: use lower case, digits, '-' and '_'"
            )
        offers = self._parts[part.kind].get(part.name, {})
        if part.distribution in offers:
            raise ValueError(f"{part.kind} {part.name!r} is registered twice")
        if KIT in offers:
            raise ValueError(f"{part.kind} {part.name!r} is the kit's own; choose another name")

    def get(self, kind: str, name: str) -> Component:
        """The part of this kind that goes by `name` or `name@distribution`.

        Raises `UnknownNameError` if there is none, `UserError` if several distributions offer it.
        """
        bare, _, distribution = name.partition("@")
        offers = self._parts[kind].get(bare, {})
        if distribution:
            offers = {key: part for key, part in offers.items() if key == distribution}
        if len(offers) == 1:
            return next(iter(offers.values()))
        if offers:
            full = " or ".join(sorted(part.full_name for part in offers.values()))
            raise UserError(f"Several plugins offer the {kind} {name!r}: say {full}.")
        raise UnknownNameError(f"There is no {kind} {name!r}. {closest(name, self.names(kind))}")

    def names(self, kind: str) -> list[str]:
        """The names of one kind, sorted."""
        return sorted(self._parts[kind])

    def __iter__(self) -> Iterator[Component]:
        """Every part, by kind, then by name, then by distribution."""
        for kind in KINDS:
            for name in self.names(kind):
                offers = self._parts[kind][name]
                yield from (offers[key] for key in sorted(offers))
