"""Whether the parts of a run fit each other, by what each of them declares.

There is no list of pairs: a new part is held against the same declarations. What is refused is told
together with a part that would do, which is looked for among those that are installed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import keras
import numpy as np
from keras import ops

from vaekit.errors import BuildError, VaekitError
from vaekit.latent import Draw, Given, Latent, Prior
from vaekit.loss import Needs
from vaekit.model.builders import Context, Part, build_part
from vaekit.model.held_variables import refused_creation
from vaekit.model.vae import VAE
from vaekit.options import arguments_of, resolved_options
from vaekit.plugins import discover
from vaekit.registry import Component
from vaekit.sampler import Sampler
from vaekit.wording import option_text

Parts = Mapping[str, Part]

# Places of a map up to which a decoder may take it flattened: the dense layer behind them is large.
MOST_PLACES = 256


def refuse_labels(
    parts: Parts, needs: Needs, context: Context, *, condition: bool, unlabelled: bool
) -> None:
    """Raise `BuildError` if the loss can't go by the labels that there are.

    condition: whether images have a class. unlabelled: whether that of some isn't told.
    """
    name = parts["loss"].name
    if needs.classifier is not None and not condition:
        raise BuildError(
            f"The loss {name!r} learns to tell the classes of images, and is told none: add "
            f"{option_text('condition', 'labels')}."
        )
    if unlabelled and needs.classifier is None:
        losses = _names("loss", context, lambda built: built.needs.classifier is not None)
        raise BuildError(
            f"The loss {name!r} takes no images without a label. Leave out "
            f"{option_text('label_fraction')}. {_instead('loss', losses)}".strip()
        )


def refuse_other_prior(parts: Parts, latent: Latent, prior: Prior | None, context: Context) -> None:
    """Raise `BuildError` if the prior that was named doesn't serve this latent."""
    if prior is None:
        return
    name, of = parts["latent"].name, parts["prior"].name
    supports = prior.supports

    def takes_it(other: Latent) -> bool:
        return other.own_prior() is None and other.support in supports

    if latent.own_prior() is not None:
        raise BuildError(
            f"The latent {name!r} has a prior of its own and takes no other, such as {of!r}. "
            f"{_leave_out(of)}{_instead('latent', _names('latent', context, takes_it))}".strip()
        )
    if latent.support not in supports:
        priors = _names("prior", context, lambda other: latent.support in other.supports)
        raise BuildError(
            f"The prior {of!r} is for z of support {' or '.join(supports)}, and the latent "
            f"{name!r} gives z of support {latent.support}. {_instead('prior', priors)}"
            f"{_instead('latent', _names('latent', context, takes_it))}".strip()
        )


def refuse_other_space(part: Part, sampler: Sampler, latent_name: str, context: Context) -> None:
    """Raise `BuildError` if a sampler doesn't serve the latent of a model."""
    space = context.latent_space
    assert space is not None

    def lack(other: Sampler) -> str | None:
        if other.supports is not None and space.support not in other.supports:
            return (
                f"is for z of support {' or '.join(other.supports)}, and the latent "
                f"{latent_name!r} gives z of support {space.support}"
            )
        if other.needs_prior and space.prior_law() is None:
            return f"draws from the prior, and the latent {latent_name!r} has none"
        if other.needs_codes and space.code_shape is None:
            return f"draws whole numbers as codes, and the latent {latent_name!r} has none"
        return None

    reason = lack(sampler)
    if reason is not None:
        others = _names("sampler", context, lambda other: lack(other) is None)
        instead = _instead("sampler", others)
        raise BuildError(f"The sampler {part.name!r} {reason}. {instead}".strip())


def refuse_flattening(parts: Parts, context: Context) -> None:
    """Raise `BuildError` if a large map would be flattened for a decoder that takes a vector."""
    shape, decoder = context.latent_shape, parts["decoder"]
    if math.prod(shape[:-1]) <= MOST_PLACES or _takes_map(decoder.component):
        return
    size = "x".join(map(str, shape))
    maps = [component.name for component, _ in _built("decoder", context) if _takes_map(component)]
    raise BuildError(
        f"The latent {parts['latent'].name!r} gives a map of {size} here, and the decoder "
        f"{decoder.name!r} takes a vector: {math.prod(shape)} values at once. Use an encoder that "
        f"ends in a smaller map. {_instead('decoder', maps)}".strip()
    )


def _takes_map(component: Component) -> bool:
    return "latent_shape" in arguments_of(component)


def refuse_misfit(
    parts: Parts, vae: VAE, needs: Needs, context: Context, features: tuple[int, ...]
) -> None:
    """Raise `BuildError` if the loss can't use what the latent gives.

    It is tried on two black images, and whatever that changes is thrown away.

    features: the shape of what a latent's heads are made of.
    """
    loss, who = parts["loss"].name, f"the latent {parts['latent'].name!r}"

    def fits(latent: Latent) -> bool:
        draw = _draw_by_itself(latent, features, needs)
        size = math.prod(latent.shape(features)) if draw else None
        return draw is not None and _lack(draw, latent, needs, size) is None

    def usable(other: Needs) -> bool:
        return _has_likelihood_for(vae.latent, other) and (
            other.classifier is None or vae.condition is not None
        )

    if not _has_likelihood_for(vae.latent, needs):
        losses = _names("loss", context, lambda built: usable(built.needs))
        latents = _names("latent", context, fits)
        raise BuildError(
            f"{_as_beginning(who)} goes by log p(x|z), and the loss {loss!r} declares no "
            "likelihood. "
            f"{_instead('loss', losses)}{_instead('latent', latents)}".strip()
        )

    def without_the_prior() -> str:
        return _leave_out(parts["prior"].name) if "prior" in parts and fits(vae.latent) else ""

    if "prior" in parts:
        who += f" with the prior {parts['prior'].name!r}"
    with refused_creation(_as_beginning(who)):
        try:
            draw = _draw(vae, needs)
        except BuildError as error:
            sentence = f"{_as_beginning(who)}: {error} {without_the_prior()}"
            raise BuildError(sentence.strip()) from error
    lack = _lack(draw, vae.latent, needs, vae.latent_dim)
    if lack is None:
        return
    instead = without_the_prior()
    latents = _names("latent", context, fits)
    losses = _names(
        "loss",
        context,
        lambda built: _lack(draw, vae.latent, built.needs, None) is None and usable(built.needs),
    )
    priors = [] if "prior" in parts else _priors(draw, vae, needs, context)
    raise BuildError(
        f"The loss {loss!r} needs {lack}, of {who}. {_instead('prior', priors)}"
        f"{instead or _instead('latent', latents)}{_instead('loss', losses)}".strip()
    )


def _priors(draw: Draw, vae: VAE, needs: Needs, context: Context) -> list[str]:
    """The priors with which a latent that has none would fit."""
    if draw.prior is not None:
        return []

    def fits(prior: Prior) -> bool:
        if vae.latent.support not in prior.supports:
            return False
        try:
            with keras.StatelessScope():
                law = prior.distribution(vae.latent_dim, _no_images)
        except Exception:  # as in `_draw_by_itself`
            return False
        return _lack(draw._replace(prior=law), vae.latent, needs, vae.latent_dim) is None

    return _names("prior", context, fits)


def _has_likelihood_for(latent: Latent, needs: Needs) -> bool:
    """Whether the loss declares the likelihood that the latent may need."""
    return needs.likelihood is not None or not latent.needs_likelihood


def _draw(vae: VAE, needs: Needs) -> Draw:
    with keras.StatelessScope():
        output = vae(
            ops.zeros((2, *vae.image_shape), dtype="float32"),
            keras.random.SeedGenerator(0),
            training=False,
            samples=needs.samples,
            likelihood=needs.likelihood,
            labels=None if vae.condition is None else ops.zeros((2,), "int32"),
        )
    assert output.draw is not None
    return output.draw


def _draw_by_itself(latent: Latent, features: tuple[int, ...], needs: Needs) -> Draw | None:
    """What a latent gives with the prior of a run that names none.

    None if that can't be seen without an encoder and a decoder.
    """
    try:
        size = math.prod(latent.shape(features))
        inputs = keras.Input(features)
        heads = keras.Model(inputs, latent.heads(inputs))
        with keras.StatelessScope():
            prior, default = latent.own_prior(), latent.default_prior()
            if prior is None and default is not None:
                prior = default.distribution(size, _no_images)
            return latent.infer(
                heads(ops.zeros((2, *features))),
                Given(
                    seed=keras.random.SeedGenerator(0),
                    lead=() if needs.samples == 1 else (needs.samples,),
                    training=False,
                    prior=prior,
                    encode=_no_images,
                ),
            )
    except Exception:  # a stranger's latent may raise anything, and is only left out here
        return None


def _no_images(_: Any) -> Any:
    raise BuildError("There are no images where a latent is tried by itself.")


def _lack(draw: Draw, latent: Latent, needs: Needs, latent_dim: int | None) -> str | None:
    """What a loss needs and this isn't, in words; None if it can use it."""
    for what, law, wanted in (
        ("posterior", draw.posterior, needs.posterior),
        ("prior", draw.prior, needs.prior),
    ):
        if not isinstance(law, wanted):
            return f"a {what} of type {wanted.__name__} and gets {_type(law)}"
    if needs.density and draw.log_ratio is None:
        return "the densities of z, and there are none"
    if needs.laws_of_z and not _are_of_z(draw):
        return "a posterior and a prior that are the laws of z itself, and gets others"
    if needs.weighs_kl and latent.constant_kl:
        return "a KL that a weight can move, and gets a constant"
    shape = tuple(draw.z.shape)
    lead = () if needs.samples == 1 else (needs.samples,)
    if latent_dim is not None and shape != (*lead, 2, latent_dim):
        return f"{needs.samples} draws of z an image, and gets z of shape {shape} for two images"
    if needs.samples > 1 and not getattr(draw.posterior, "random", True):
        return f"{needs.samples} draws of z an image, and gets the same one each time"
    return None


def _are_of_z(draw: Draw) -> bool:
    """Whether the log-densities of posterior and prior at z differ by the log-ratio."""
    log_q, log_p = draw.posterior.log_prob(draw.z), draw.prior.log_prob(draw.z)
    if log_q is None or log_p is None or draw.log_ratio is None:
        return False
    ratio, own = (ops.convert_to_numpy(r) for r in (log_q - log_p, draw.log_ratio))
    return np.allclose(ratio, own, rtol=1e-3, atol=1e-3)


def _as_beginning(words: str) -> str:
    """Words as a sentence begins; names in them keep their case."""
    return words[0].upper() + words[1:]


def _type(law: Any) -> str:
    return "none" if law is None else type(law).__name__


def _names(kind: str, context: Context, fits: Callable[[Any], bool]) -> list[str]:
    """The installed parts of a kind that, built by their defaults, would fit."""
    return [component.name for component, built in _built(kind, context) if fits(built)]


def _built(kind: str, context: Context) -> Iterator[tuple[Any, Any]]:
    for component in discover().registry:
        if component.kind == kind:
            try:
                built = build_part(Part(component, resolved_options(component, {})), context)
            except VaekitError:
                continue
            yield component, built


def _leave_out(prior: str) -> str:
    return f"Leave out {option_text('prior', prior)}. "


def _instead(kind: str, names: list[str]) -> str:
    return f"Choose the {kind} {' or '.join(map(repr, names[:4]))}. " if names else ""
