"""Whether the parts of a run fit each other, by what each of them declares.

There is no list of pairs: a new part is held against the same declarations. What is refused is told
together with a part that would do, which is looked for among those that are installed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import keras
from keras import ops

from vaekit.errors import BuildError, VaekitError
from vaekit.latent import Draw, Latent, Prior
from vaekit.loss import Needs
from vaekit.model.builders import Context, Part, build_part
from vaekit.model.vae import VAE
from vaekit.options import resolved_options
from vaekit.plugins import discover
from vaekit.registry import KINDS
from vaekit.wording import option_text

Parts = Mapping[str, Part]


def refuse_other_prior(parts: Parts, latent: Latent, prior: Prior | None, context: Context) -> None:
    """Raise `BuildError` if the prior that was named doesn't serve this latent."""
    if prior is None:
        return
    name, of = parts["latent"].name, parts["prior"].name
    if latent.own_prior() is not None:
        raise BuildError(
            f"The latent {name!r} has a prior of its own and takes no other: leave out "
            f"{option_text('prior', of)}, or choose another latent, such as "
            f"{KINDS['latent'].default!r}."
        )
    if latent.support not in prior.supports:
        others = _names("prior", context, lambda other: latent.support in other.supports)
        latents = _names("latent", context, lambda other: other.support in prior.supports)
        raise BuildError(
            f"The prior {of!r} is for z of support {' or '.join(prior.supports)}, and the latent "
            f"{name!r} gives z of support {latent.support}. {_instead('prior', others)}"
            f"{_instead('latent', latents)}"
        )


def refuse_misfit(parts: Parts, vae: VAE, needs: Needs, context: Context) -> None:
    """Raise `BuildError` if the loss can't use what the latent gives.

    It is tried on two black images, and whatever that changes is thrown away.
    """
    draw = _draw(vae, needs)
    latent, loss = parts["latent"].name, parts["loss"].name
    lack = _lack(draw, needs, vae.latent_dim)
    if lack is None:
        return
    others = _names("loss", context, lambda built: _lack(draw, built.needs, None) is None)
    sentence = f"The loss {loss!r} needs {lack}, of the latent {latent!r}"
    if "prior" in parts:
        sentence += f" with the prior {parts['prior'].name!r}"
    default = KINDS["latent"].default
    latents = "" if latent == default else f"Choose the latent {default!r} with its own prior. "
    raise BuildError(f"{sentence}. {latents}{_instead('loss', others)}".strip())


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


def _lack(draw: Draw, needs: Needs, latent_dim: int | None) -> str | None:
    """What a loss needs and this isn't, in words; None if it can use it."""
    for what, law, wanted in (
        ("posterior", draw.posterior, needs.posterior),
        ("prior", draw.prior, needs.prior),
    ):
        if not isinstance(law, wanted):
            return f"a {what} of type {wanted.__name__} and gets {_type(law)}"
    if needs.density and draw.log_ratio is None:
        return "the densities of z, and there are none"
    shape = tuple(draw.z.shape)
    lead = () if needs.samples == 1 else (needs.samples,)
    if latent_dim is not None and shape != (*lead, 2, latent_dim):
        return f"{needs.samples} draws of z an image, and gets z of shape {shape} for two images"
    return None


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


def _instead(kind: str, names: list[str]) -> str:
    return f"Choose the {kind} {' or '.join(map(repr, names[:4]))}. " if names else ""
