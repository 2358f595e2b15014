"""The parts of one run, by kind, and the VAE that is built of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from vaekit.config import TrainConfig
from vaekit.model.builders import Context, Part, build_part
from vaekit.model.conditions import Condition
from vaekit.model.fits import (
    refuse_flattening,
    refuse_labels,
    refuse_misfit,
    refuse_other_prior,
    refuse_other_space,
)
from vaekit.model.latent_space import latent_space
from vaekit.model.precision import refuse_lacking
from vaekit.model.process_state import FLOAT32, built_in, seeded
from vaekit.model.vae import VAE
from vaekit.options import check_options, resolved_options
from vaekit.registry import KINDS, Registry
from vaekit.types import ImageShape

Parts = Mapping[str, Part]


class Built(NamedTuple):
    """A VAE, and what each part's factory made, by kind."""

    vae: VAE
    products: Mapping[str, Any]


def resolve_parts(config: TrainConfig, registry: Registry) -> Parts:
    """The parts that a config names, by kind, with all of their options, checked.

    Raises `UnknownNameError` or `OptionError`.
    """
    return {kind: resolve_part(config, kind, registry) for kind in config.parts}


def resolve_part(config: TrainConfig, kind: str, registry: Registry) -> Part:
    """The part of one kind that a config names; see `resolve_parts`."""
    component = registry.get(kind, config.parts[kind])
    options = check_options(component, config.part_options[kind])
    return Part(component, resolved_options(component, options))


def build_vae(
    parts: Parts,
    image_shape: ImageShape,
    *,
    latent_dim: int,
    seed: int,
    precision: str = FLOAT32,
    condition: Condition | None = None,
    unlabelled: bool = False,
) -> Built:
    """The VAE of these parts for images of `image_shape`, its weights a function of `seed`.

    precision: a Keras dtype policy, in which its layers compute while it trains.
    condition: what the labels of images are to it. unlabelled: whether some train without one.

    Raises `BuildError` if a part refuses the shape, gives what the kit can't use or doesn't fit
    another, `UserError` if the device lacks the precision.
    """
    refuse_lacking(precision)
    context = Context(image_shape, latent_dim, precision)
    with seeded(seed):  # by itself, so that no other part's weights hang on the loss
        products: dict[str, Any] = {"loss": build_part(parts["loss"], context)}
    needs = products["loss"].needs
    refuse_labels(parts, needs, context, condition=condition is not None, unlabelled=unlabelled)
    context = context._replace(decoded_shape=needs.decoded_shape(image_shape))
    with seeded(seed):
        for kind, part in _in_model(parts, True).items():
            if kind != "loss":
                products[kind] = build_part(part, context)
            if kind == "latent":
                context = _of_latent(context, products, condition)
                refuse_flattening(parts, context)
        latent, prior = products["latent"], products.get("prior")
        refuse_other_prior(parts, latent, prior, context)
        with built_in(precision):
            vae = VAE(
                products["encoder"],
                products["decoder"],
                latent=latent,
                prior=prior or latent.default_prior(),
                scale=needs.scale,
                likelihood=needs.likelihood,
                decoder_name=parts["decoder"].name,
                condition=condition,
            )
        features = _features(products, condition)
        refuse_misfit(parts, vae, needs, context, features)
        for kind, part in _in_model(parts, False).items():
            products[kind] = build_for(vae, part, parts["latent"].name)
    return Built(vae, products)


def build_for(vae: VAE, part: Part, latent_name: str) -> Any:
    """What a part makes for a model that is there, as samplers are: `Kind.in_model` is False.

    Raises `BuildError` if it refuses, or doesn't serve the model's latent.
    """
    context = Context(vae.image_shape, vae.latent_dim, latent_shape=vae.latent_shape)
    context = context._replace(latent_size=vae.latent_dim, latent_space=latent_space(vae))
    product = build_part(part, context)
    refuse_other_space(part, product, latent_name, context)
    return product


def _in_model(parts: Parts, whether: bool) -> Parts:
    return {kind: part for kind, part in parts.items() if KINDS[kind].in_model == whether}


def _of_latent(
    context: Context, products: Mapping[str, Any], condition: Condition | None
) -> Context:
    """The context of the parts behind a latent: its shape is known before it has any layer."""
    width = 0 if condition is None else condition.width
    return context.of_latent(products["latent"].shape(_features(products, condition)), width)


def _features(products: Mapping[str, Any], condition: Condition | None) -> tuple[int, ...]:
    """The shape of what a latent's heads are made of: features, and the code of a condition."""
    features = tuple(products["encoder"].outputs[0].shape[1:])
    width = 0 if condition is None else condition.width
    return (*features[:-1], features[-1] + width)
