"""From names and options to a built VAE, and what is said when parts refuse."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import keras
import numpy as np

from vaekit.config import TrainConfig
from vaekit.errors import BuildError, VaekitError
from vaekit.loss import Needs, needs_of
from vaekit.model.precision import FLOAT32, built_in, refuse_lacking
from vaekit.model.vae import VAE
from vaekit.options import check_options, resolved_options
from vaekit.registry import Component, Registry
from vaekit.types import ImageShape


class Parts(NamedTuple):
    """The three parts of a run with all of their options, checked."""

    encoder: Component
    decoder: Component
    loss: Component
    encoder_options: dict[str, Any]
    decoder_options: dict[str, Any]
    loss_options: dict[str, Any]

    def build_loss(self) -> tuple[Any, Needs]:
        """The loss and what it needs. Raises `BuildError` if it can't be made."""
        return build_loss(self.loss, self.loss_options)


def resolve_parts(config: TrainConfig, registry: Registry) -> Parts:
    """The parts that a config names. Raises `UnknownNameError` or `OptionError`."""

    def options(part: Component, given: dict[str, Any]) -> dict[str, Any]:
        return resolved_options(part, check_options(part, given))

    encoder = registry.get("encoder", config.encoder)
    decoder = registry.get("decoder", config.decoder)
    loss = registry.get("loss", config.loss)
    return Parts(
        encoder,
        decoder,
        loss,
        options(encoder, config.encoder_opt),
        options(decoder, config.decoder_opt),
        options(loss, config.loss_opt),
    )


def build_vae(
    parts: Parts,
    image_shape: ImageShape,
    *,
    latent_dim: int,
    scale: str,
    seed: int,
    precision: str = FLOAT32,
) -> VAE:
    """The VAE of these parts for images of `image_shape`, its weights a function of `seed`.

    precision: a Keras dtype policy, in which its layers compute while it trains.

    Raises `BuildError` if a part refuses the shape, or gives what the kit can't use, `UserError` if
    the device lacks the precision.
    """
    refuse_lacking(precision)
    with seeded(seed), built_in(precision):
        encoder = build_backbone(parts.encoder, parts.encoder_options, latent_dim, image_shape)
        decoder = build_backbone(parts.decoder, parts.decoder_options, latent_dim, image_shape)
        return VAE(
            encoder, decoder, latent_dim=latent_dim, scale=scale, decoder_name=parts.decoder.name
        )


def build_backbone(
    part: Component, options: dict[str, Any], latent_dim: int, image_shape: ImageShape
) -> keras.Model:
    """The model of one encoder or decoder.

    Raises `BuildError` if the part refuses the shape, or gives what the kit can't use.
    """
    shown = f"{'x'.join(map(str, image_shape))} images"
    taken: tuple[int, ...]
    given: tuple[int, ...] | None
    if part.kind == "encoder":
        taken, given = image_shape, None
        model = _make(part, (image_shape,), options, f" for {shown}")
    else:
        taken, given = (latent_dim,), image_shape
        purpose = f" for {latent_dim} latents and {shown}"
        model = _make(part, (latent_dim, image_shape), options, purpose)
    _check(model, part, taken=taken, given=given)
    return model


def build_loss(part: Component, options: dict[str, Any]) -> tuple[Any, Needs]:
    """A loss and what it needs. Raises `BuildError` if it can't be made."""
    loss = _make(part, (), options, "")
    return loss, needs_of(loss, part.name)


_one_builds = threading.RLock()


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Make what Keras initialises a function of `seed`, and leave Python's and NumPy's state be.

    Keras draws a layer's default seed from Python's global generator, so there is no other way to
    reach the initialisers inside a stranger's backbone. All threads share it: one builds at a time.
    """
    with _one_builds:
        python, numpy = random.getstate(), np.random.get_state()
        keras.utils.set_random_seed(seed)
        try:
            yield
        finally:
            random.setstate(python)
            np.random.set_state(numpy)


def _make(part: Component, given: tuple[Any, ...], options: dict[str, Any], purpose: str) -> Any:
    try:
        return part.load()(*given, **options)
    except VaekitError:
        raise
    except Exception as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else "it gave no reason"
        raise BuildError(
            f"The {part.kind} {part.name!r} of {part.distribution} {part.version} can't be built"
            f"{purpose}: {type(error).__name__}: {reason}"
        ) from error


def _check(
    model: Any, part: Component, *, taken: tuple[int, ...], given: tuple[int, ...] | None
) -> None:
    """Refuse what isn't one functional model from `taken` to `given` (any shape if None)."""
    who = f"The {part.kind} {part.name!r} of {part.distribution}"
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
    for what, tensor, wanted in (("takes", inputs[0], taken), ("gives", outputs[0], given)):
        if wanted is not None and tuple(tensor.shape[1:]) != tuple(wanted):
            raise BuildError(
                f"{who} {what} shape {tuple(tensor.shape[1:])} where {tuple(wanted)} is needed; "
                "choose another part or another image size, or mend its factory."
            )
    if given is None and any(size is None for size in outputs[0].shape[1:]):
        raise BuildError(
            f"{who} gives features of unknown size {tuple(outputs[0].shape[1:])}; begin it with "
            "Input(image_shape), so that every size is known."
        )
