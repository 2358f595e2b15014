"""Names to parts: which encoders, decoders, losses and data sets there are, and whose they are."""

from __future__ import annotations

import importlib
import re
import reprlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from vaekit.errors import BuildError, PluginError, UnknownNameError, UserError, closest
from vaekit.types import Factory

KIT = "vaekit"  # the distribution whose names nobody else can take
LOCAL = "local"  # stands for a distribution where a part has none: a notebook's, a file's


class Kind(NamedTuple):
    """A kind of part.

    A new one needs an entry in `KINDS`, a hook in `vaekit.hookspecs`, a builder where what its
    factories make is to be checked, and a line in `vaekit/__init__.pyi` for type checkers. Config,
    command line, record and resume take all of it from here.

    hook: the function of `vaekit.hookspecs` by which plugins offer such parts.
    arguments: the parameters that the kit fills in; a factory's other parameters are its options.
        Of names with a bar between them, a factory takes the one that it has.
    meaning: what such a part is, for the command line.
    builder: the function, as `module:function`, that calls a factory and checks what it makes: see
        `vaekit.model.builders`. Where there is none, the factory is just called.
    default: the part of a run that names none; None leaves it without one.
    in_run: whether a run is built of one; data sets are what it is trained on.
    in_model: whether a run's model and its loss are made of one; samplers go by the model itself.
    by_place: whether `vaekit.train` takes the name of one by its place, in the order of `KINDS`.
    """

    name: str
    hook: str
    arguments: tuple[str, ...]
    meaning: str
    builder: str = ""
    default: str | None = None
    in_run: bool = True
    in_model: bool = True
    by_place: bool = False

    @property
    def options_field(self) -> str:
        """The field of a config, and of a record, that holds a part's options."""
        return f"{self.name}_opt"

    @property
    def filled(self) -> frozenset[str]:
        """The names of parameters that are none of a factory's options."""
        return frozenset(name for names in self.arguments for name in names.split("|"))


KINDS = {
    kind.name: kind
    for kind in (
        Kind(
            "encoder",
            "register_encoders",
            ("image_shape",),
            "Encoder backbone.",
            "vaekit.model.builders:build_encoder",
            default="conv5",
            by_place=True,
        ),
        Kind(
            "latent",
            "register_latents",
            ("latent_dim",),
            "What is between encoder and decoder.",
            "vaekit.model.builders:build_latent",
            default="normal",
        ),
        Kind(
            "decoder",
            "register_decoders",
            ("latent_dim|latent_shape", "image_shape"),
            "Decoder backbone.",
            "vaekit.model.builders:build_decoder",
            default="deconv4",
            by_place=True,
        ),
        Kind(
            "prior",
            "register_priors",
            ("latent_size", "image_shape"),
            "What z is held against.",
            "vaekit.model.builders:build_prior",
        ),
        Kind(
            "loss",
            "register_losses",
            (),
            "Loss.",
            "vaekit.model.builders:build_loss",
            default="tutorial",
            by_place=True,
        ),
        Kind(
            "sampler",
            "register_samplers",
            ("latent_space",),
            "What draws z for samples, fitted once the model is trained.",
            "vaekit.model.builders:build_sampler",
            in_model=False,
        ),
        Kind(
            "metric",
            "register_metrics",
            (),
            "What a trained model is measured by.",
            "vaekit.model.builders:build_metric",
            in_run=False,
        ),
        Kind(
            "tracker",
            "register_trackers",
            (),
            "What a run is told to while it trains.",
            "vaekit.model.builders:build_tracker",
            in_run=False,
        ),
        Kind("dataset", "register_datasets", (), "Data set.", in_run=False),
    )
}
# The kinds that a run is built of, in the order in which its parts are built.
RUN_KINDS = {name: kind for name, kind in KINDS.items() if kind.in_run}

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")
_FACTORY = re.compile(r"[\w.]+:\w+")


def canonical(distribution: str) -> str:
    """A distribution's name as indexes compare it: `Vaekit_Wide` is `vaekit-wide`."""
    return re.sub(r"[-_.]+", "-", distribution).lower()


@dataclass(frozen=True)
class BrokenPlugin:
    """A plugin that could not be loaded, and why."""

    entry_point: str
    distribution: str
    version: str
    reason: str
    traceback: str

    @property
    def title(self) -> str:
        """Which plugin it is, for people."""
        return f"{self.entry_point} of {self.distribution} {self.version}"


@dataclass(frozen=True)
class Component:
    """One registered part, and the distribution that it came from.

    source: the file that it came from, where there is no distribution.
    """

    kind: str
    name: str
    summary: str
    factory: Factory | str
    distribution: str
    version: str
    source: str = ""

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
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # a stranger's module may raise anything at all
            raise BuildError(
                f"The {self.kind} {self.name!r} of {self.distribution} {self.version} can't be "
                f"imported from {self.factory}: {error}."
            ) from error


class Registry:
    """The parts, by kind and name. Two distributions may offer one name; then neither wins.

    broken: plugins whose parts are missing here, because they failed to load.
    left_out: distributions whose parts are missing here, because they weren't wanted.
    """

    def __init__(self) -> None:
        self._parts: dict[str, dict[str, dict[str, Component]]] = {kind: {} for kind in KINDS}
        self.broken: list[BrokenPlugin] = []
        self.left_out: set[str] = set()

    def add(self, *parts: Component) -> None:
        """Take in parts: all of them, or none if one is refused.

        Raises `PluginError` if a part's name is malformed, is the kit's own, or was already
        offered by the same distribution; or if its factory is neither callable nor text.
        """
        for part in parts:
            _check(part)
            if part.distribution in self._offers(part):
                raise PluginError(f"{part.kind} {part.name!r} is registered twice")
        self._take(parts)

    def replace(self, *parts: Component) -> None:
        """Take in parts, in the place of what the same source offered under their names.

        Raises `PluginError` as `add` does, and if another source offered a name.
        """
        for part in parts:
            _check(part)
            old = self._offers(part).get(part.distribution)
            if old is not None and old.source != part.source:
                raise PluginError(
                    f"{part.kind} {part.name!r} is registered by {old.source or 'a call'} "
                    "already; choose another name"
                )
        self._take(parts)

    def _take(self, parts: Sequence[Component]) -> None:
        for part in parts:
            if KIT in self._offers(part):
                raise PluginError(
                    f"{part.kind} {part.name!r} is the kit's own; choose another name"
                )
        offered = [(part.kind, part.name, part.distribution) for part in parts]
        for number, (kind, name, _) in enumerate(offered):
            if offered[number] in offered[:number]:
                raise PluginError(f"{kind} {name!r} is registered twice")
        for part in parts:
            self._parts[part.kind].setdefault(part.name, {})[part.distribution] = part

    def _offers(self, part: Component) -> dict[str, Component]:
        return self._parts[part.kind].get(part.name, {})

    def get(self, kind: str, name: str) -> Component:
        """The part of this kind that goes by `name` or `name@distribution`.

        Raises `UnknownNameError` if there is none, `UserError` if several distributions offer it,
        or the one that is named is broken.
        """
        bare, _, distribution = name.partition("@")
        offers = list(self._parts[kind].get(bare, {}).values())
        if distribution:
            offers = [p for p in offers if canonical(p.distribution) == canonical(distribution)]
        if len(offers) == 1:
            return offers[0]
        if offers:
            full = " or ".join(sorted(part.full_name for part in offers))
            raise UserError(f"Several plugins offer the {kind} {name!r}: say {full}.")
        self.refuse_broken(kind, name, distribution)
        raise UnknownNameError(
            f"There is no {kind} {name!r}. {closest(name, self.names(kind))}{self.missing()}"
        )

    def refuse_broken(self, kind: str, name: str, distribution: str) -> None:
        """Raise `UserError` if a plugin of this distribution is broken."""
        for plugin in self.broken:
            if canonical(plugin.distribution) == canonical(distribution):
                raise UserError(
                    f"The {kind} {name!r} can't be had, because the plugin {plugin.title} is "
                    f"broken: {plugin.reason}"
                )

    def missing(self) -> str:
        """What may explain a name that nothing has: plugins that are left out, or broken.

        Empty if there are none; else it follows the sentence that says so.
        """
        text = ""
        if self.left_out:
            names = ", ".join(sorted(self.left_out))
            text += f" Left out by --no-plugin or VAEKIT_DISABLE_PLUGINS: {names}."
        if self.broken:
            text += " It may be of a plugin that is broken:"
        return "\n  ".join([text, *(f"{plugin.title}: {plugin.reason}" for plugin in self.broken)])

    def names(self, kind: str) -> list[str]:
        """The names of one kind, sorted."""
        return sorted(self._parts[kind])

    def __iter__(self) -> Iterator[Component]:
        """Every part, by kind, then by name, then by distribution."""
        for kind in KINDS:
            for name in self.names(kind):
                offers = self._parts[kind][name]
                yield from (offers[key] for key in sorted(offers))


def _check(part: Component) -> None:
    name, factory = part.name, part.factory
    if not isinstance(name, str):
        raise PluginError(f"the {part.kind} name must be text, not {reprlib.repr(name)}")
    if not _NAME.fullmatch(name):
        raise PluginError(f"{name!r} is no name for a part: use lower case, digits, '-' and '_'")
    if not isinstance(part.summary, str):
        raise PluginError(f"the summary of {part.kind} {name!r} must be text")
    if not callable(factory) and not (isinstance(factory, str) and _FACTORY.fullmatch(factory)):
        raise PluginError(
            f"the factory of {part.kind} {name!r} must be callable, or a text like "
            f"'module:attribute', not {reprlib.repr(factory)}"
        )
