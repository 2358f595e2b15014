"""From one part and its options to what its factory makes, and what is said when it refuses."""

from __future__ import annotations

import importlib
import math
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any, NamedTuple, TypeVar

import keras

from vaekit.errors import BuildError, VaekitError
from vaekit.latent import Latent, Prior
from vaekit.loss import Needs, needs_of
from vaekit.metric import Metric
from vaekit.model.process_state import FLOAT32, built_in
from vaekit.options import arguments_of
from vaekit.registry import KINDS, Component
from vaekit.sampler import LatentSpace, Sampler
from vaekit.tracker import Tracker
from vaekit.types import ImageShape
from vaekit.wording import install_text

T = TypeVar("T")


class Part(NamedTuple):
    """One part of a run: which, and all of its options, checked."""

    component: Component
    options: dict[str, Any]

    @property
    def kind(self) -> str:
        """The kind of part."""
        return self.component.kind

    @property
    def name(self) -> str:
        """Its name, without its distribution's."""
        return self.component.name


class Context(NamedTuple):
    """What the kit can hand to a factory, by the names of `Kind.arguments`; and the precision.

    latent_dim: as the config has it; to a decoder, the length of the vector that it takes.
    latent_shape: the shape of z with what a condition adds to it, as a decoder takes it.
    latent_size: how many values z has, flat.
    decoded_shape: the shape of image that a decoder is asked for: of as many channels as the
        likelihood has parameters. None where it is that of the images.
    latent_space: what the model tells samplers, once there is one.
    """

    image_shape: ImageShape
    latent_dim: int
    precision: str = FLOAT32
    latent_shape: tuple[int, ...] = ()
    latent_size: int = 0
    decoded_shape: ImageShape | None = None
    latent_space: LatentSpace | None = None

    def of_latent(self, shape: tuple[int, ...], condition_width: int) -> Context:
        """The context of a decoder and a prior, where z has this shape."""
        size = math.prod(shape)
        return self._replace(
            latent_dim=size + condition_width,
            latent_shape=(*shape[:-1], shape[-1] + condition_width),
            latent_size=size,
        )


# Of parts that are handed nothing.
NO_CONTEXT = Context((0, 0, 0), 0)


class BuiltLoss(NamedTuple):
    """A loss, and what it needs."""

    loss: Any
    needs: Needs


def build_part(part: Part, context: Context) -> Any:
    """What the part's factory makes for such images and latents.

    A `keras.Model` of an encoder or a decoder, a `Latent`, a `Prior`, a `BuiltLoss` of a loss.

    Raises `BuildError` if the part refuses them, or gives what the kit can't use.
    """
    path = KINDS[part.kind].builder
    if not path:
        return call_factory(part, context)
    module, _, function = path.partition(":")
    return getattr(importlib.import_module(module), function)(part, context)


def call_factory(part: Part, context: Context) -> Any:
    """Call a part's factory with what its kind is handed. Raises `BuildError` if it raises."""
    component = part.component
    arguments = arguments_of(component)
    try:
        values = [getattr(context, name) for name in arguments]
        return component.load()(*values, **part.options)
    except VaekitError:
        raise
    except Exception as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else "it gave no reason"
        raise BuildError(
            f"The {part.kind} {part.name!r} of {component.distribution} {component.version} can't "
            f"be built{_purpose(arguments, context)}: {type(error).__name__}: {reason}"
        ) from error


def build_encoder(part: Part, context: Context) -> keras.Model:
    """A functional model from images to features of a known shape."""
    with built_in(context.precision):
        model = call_factory(part, context)
    _check_model(model, part, takes=context.image_shape, gives=None)
    return model


def build_latent(part: Part, context: Context) -> Latent:
    """A latent, its layers in float32, which densities and draws need."""
    with built_in(FLOAT32):
        latent = call_factory(part, context)
    return _checked(latent, Latent, part)


def build_decoder(part: Part, context: Context) -> keras.Model:
    """A functional model from z, in its shape or as a vector, to images or their parameters."""
    shape = context.decoded_shape or context.image_shape
    wants_map = "latent_shape" in arguments_of(part.component)
    takes = context.latent_shape if wants_map else (context.latent_dim,)
    try:
        with built_in(context.precision):
            model = call_factory(part, context._replace(image_shape=shape))
        _check_model(model, part, takes=takes, gives=shape)
    except BuildError as error:
        if shape == context.image_shape:
            raise
        raise BuildError(
            f"{error} The likelihood has {shape[-1]} parameters at each place, of which the "
            f"decoder is asked for an image of as many channels, in place of "
            f"{context.image_shape[-1]}: choose another decoder or another likelihood."
        ) from error
    return model


def build_prior(part: Part, context: Context) -> Prior:
    """A prior, in float32."""
    with built_in(FLOAT32):
        prior = call_factory(part, context)
    return _checked(prior, Prior, part)


def build_loss(part: Part, context: Context) -> BuiltLoss:
    """A loss that can be called, and what it needs."""
    loss = call_factory(part, context)
    return BuiltLoss(loss, needs_of(loss, part.name))


def build_sampler(part: Part, context: Context) -> Sampler:
    """A sampler that has learned nothing yet."""
    return _checked(call_factory(part, context), Sampler, part)


def build_metric(part: Part, context: Context) -> Metric:
    """A metric with its options."""
    return _checked(call_factory(part, context), Metric, part)


def build_tracker(part: Part, context: Context) -> Tracker:
    """A tracker that has been told nothing yet.

    Raises `BuildError` if what it works with isn't installed.
    """
    tracker = _checked(call_factory(part, context), Tracker, part)
    for module in tracker.requires:
        if find_spec(module) is None:
            raise BuildError(
                f"The tracker {part.name!r} needs {module}, which is not installed: "
                f"{install_text(tracker.installed_by or module)}"
            )
    return tracker


def _checked(product: T, wanted: type[T], part: Part) -> T:
    if not isinstance(product, wanted):
        raise BuildError(
            f"The {part.kind} {part.name!r} of {part.component.distribution} gave a "
            f"{type(product).__name__}: its factory must return a vaekit.{wanted.__name__}."
        )
    return product


def _purpose(arguments: Sequence[str], context: Context) -> str:
    """What a part was to be built for, as the end of half a sentence."""
    words = {
        "latent_dim": f"{context.latent_dim} latents",
        "latent_shape": f"latents of shape {'x'.join(map(str, context.latent_shape))}",
        "latent_size": f"{context.latent_size} latents",
        "image_shape": f"{'x'.join(map(str, context.image_shape))} images",
    }
    purposes = [words[name] for name in arguments if name in words]
    return f" for {' and '.join(purposes)}" if purposes else ""


def _check_model(
    model: Any, part: Part, *, takes: tuple[int, ...], gives: tuple[int, ...] | None
) -> None:
    """Refuse what isn't one functional model between these shapes (from `takes` to any if None)."""
    who = f"The {part.kind} {part.name!r} of {part.component.distribution}"
    inputs, outputs = (getattr(model, name, None) for name in ("inputs", "outputs"))
    if not isinstance(model, keras.Model) or not inputs or not outputs:
        raise BuildError(
            f"{who} gave a {type(model).__name__}, not a functional model: its factory must return "
            "keras.Model(inputs, outputs), or a Sequential that begins with an Input."
        )
    if len(inputs) != 1 or len(outputs) != 1:
        raise BuildError(
            f"{who} has {len(inputs)} inputs and {len(outputs)} outputs; it must have one of each."
        )
    for verb, tensor, wanted in (("takes", inputs[0], takes), ("gives", outputs[0], gives)):
        if wanted is not None and tuple(tensor.shape[1:]) != tuple(wanted):
            raise BuildError(
                f"{who} {verb} shape {tuple(tensor.shape[1:])} where {tuple(wanted)} is needed; "
                "choose another part or another image size, or mend its factory."
            )
    if gives is None and any(size is None for size in outputs[0].shape[1:]):
        raise BuildError(
            f"{who} gives features of unknown size {tuple(outputs[0].shape[1:])}; begin it with "
            "Input(image_shape), so that every size is known."
        )
