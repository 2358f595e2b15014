"""What is checked: a part, what it claims to take, and what it is known to fail."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

from vaekit.model import seeded
from vaekit.options import resolved_options
from vaekit.plugins import discover
from vaekit.registry import KINDS, Component
from vaekit.types import Factory, ImageShape

# Odd and even, square and not, with one channel and more.
SHAPES: tuple[ImageShape, ...] = ((8, 8, 1), (9, 8, 1), (28, 28, 1), (32, 32, 3), (12, 16, 4))
LATENTS = (2, 1, 7)
LEAST_SIDE = 8  # the kit itself refuses smaller images


class Claims(NamedTuple):
    """Which images and latents a part takes. A backbone has to refuse all others.

    A factory says so in a mapping called `claims`; what it leaves out is as here::

        wide.claims = {"smallest": (16, 16), "multiple": 4, "channels": (1, 3)}

    smallest: least height and width.
    multiple: what height and width are multiples of.
    channels: the numbers of channels; None is any.
    latent_dims: a decoder's or a latent's numbers of latents, `latent_dim`; None is any.
    latent_axes: of a decoder that takes `latent_shape`, how many axes it may have: 1 is a vector,
        3 a map, which is handed over with a quarter of the image's height and width.
    options: of a metric that takes long by its defaults, or a tracker, those that it is checked
        with.
    """

    smallest: tuple[int, int] = (8, 8)
    multiple: int = 1
    channels: tuple[int, ...] | None = None
    latent_dims: tuple[int, ...] | None = None
    latent_axes: tuple[int, ...] = (1, 3)
    options: Mapping[str, Any] = {}

    def takes(self, shape: ImageShape) -> bool:
        """Whether images of this shape are claimed."""
        height, width, channels = shape
        return (
            height >= self.smallest[0]
            and width >= self.smallest[1]
            and height % self.multiple == width % self.multiple == 0
            and (self.channels is None or channels in self.channels)
        )

    def takes_latents(self, count: int) -> bool:
        """Whether this many latents are claimed."""
        return self.latent_dims is None or count in self.latent_dims

    @property
    def least(self) -> ImageShape:
        """The smallest image that is claimed, and the one that most checks are made on."""
        height, width = (-(-n // self.multiple) * self.multiple for n in self.smallest)
        return height, width, self.channels[0] if self.channels else 1

    @property
    def shapes(self) -> list[ImageShape]:
        """The images to check on: the smallest, the next, and the common ones that are claimed."""
        height, width, channels = self.least
        small = [(height, width, count) for count in self.channels or (1, 3)]
        small.append((height + self.multiple, width, channels))
        return list(dict.fromkeys([*small, *filter(self.takes, SHAPES)]))

    @property
    def latents(self) -> list[int]:
        """The numbers of latents to check on."""
        return list(LATENTS if self.latent_dims is None else self.latent_dims)

    @property
    def refused(self) -> list[tuple[int, ImageShape]]:
        """Latents and images of which one is not claimed: common ones, and those just outside."""
        height, width, channels = self.least
        nearby = [
            (height - self.multiple, width, channels),
            (height, width - self.multiple, channels),
            (height + 1, width, channels),
            (height, width + 1, channels),
            *((height, width, count) for count in range(1, 5)),
        ]
        shapes = dict.fromkeys([*nearby, *SHAPES])
        images = [
            (self.latents[0], shape)
            for shape in shapes
            if min(shape[:2]) >= LEAST_SIDE and not self.takes(shape)
        ]
        return images + [(n, self.least) for n in LATENTS if not self.takes_latents(n)]


@dataclass(frozen=True)
class Subject:
    """One part under check.

    known_failures: names of checks that it is known to fail, each with the reason.
    """

    component: Component
    known_failures: Mapping[str, str] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """The kind of part, a key of `vaekit.registry.KINDS`."""
        return self.component.kind

    @property
    def name(self) -> str:
        """What the part goes by."""
        return self.component.name

    @property
    def title(self) -> str:
        """Kind and name, for people."""
        return f"{self.kind} {self.name}"

    @cached_property
    def claims(self) -> Claims:
        """What its factory claims to take."""
        return Claims(**getattr(self.component.load(), "claims", {}))

    @property
    def options(self) -> dict[str, Any]:
        """Its options at their defaults."""
        return resolved_options(self.component, {})

    def make(self, *arguments: Any, seed: int = 0, **options: Any) -> Any:
        """What the factory gives, its weights a function of `seed`."""
        with seeded(seed):
            return self.component.load()(*arguments, **options)


def registered(kind: str | None = None) -> list[Component]:
    """Every registered part, or every one of a kind.

    Raises `ValueError` if there is no such kind.
    """
    _check_kind(kind)
    return [part for part in discover().registry if kind in (None, part.kind)]


def subject_of(
    part: str | Component | Factory | Subject,
    kind: str | None = None,
    *,
    known_failures: Mapping[str, str] | None = None,
) -> Subject:
    """The subject that a registered name, a registered part or a bare factory stands for.

    A subject stands for itself, with its own known failures.

    kind: needed for a bare factory, and for a name that parts of several kinds have.

    Raises `ValueError` if the kind isn't clear, `UnknownNameError` for a name that nothing has.
    """
    if isinstance(part, Subject):
        return part
    return Subject(_component(part, kind), dict(known_failures or {}))


def _component(part: str | Component | Factory, kind: str | None) -> Component:
    _check_kind(kind)
    if isinstance(part, Component):
        return part
    if isinstance(part, str):
        registry = discover().registry
        if kind is None:
            bare = part.partition("@")[0]
            kinds = [kind for kind in KINDS if bare in registry.names(kind)]
            if len(kinds) > 1:
                raise ValueError(f"{part!r} is {' and '.join(kinds)}: say which kind.")
            kind = kinds[0] if kinds else next(iter(KINDS))
        return registry.get(kind, part)
    if kind is None:
        raise ValueError(f"Say which kind of part {_name(part)!r} makes: {', '.join(KINDS)}.")
    return Component(kind, _name(part), "", part, "under-check", "0")


def _check_kind(kind: str | None) -> None:
    if kind is not None and kind not in KINDS:
        raise ValueError(f"There is no kind {kind!r}: choose from {', '.join(KINDS)}.")


def _name(factory: Callable[..., Any]) -> str:
    return getattr(factory, "__name__", type(factory).__name__)
