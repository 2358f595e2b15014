"""What `vaekit plugins show` says of a latent: its parameters, z, priors and reports."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from vaekit.cli.plugins.parts import SIZES, shape_text
from vaekit.errors import VaekitError

if TYPE_CHECKING:
    from vaekit.registry import Component
    from vaekit.testing.latent_values import LatentUnderCheck


def describe_latent(part: Component) -> dict[str, Any]:
    """What a latent makes of features, and of the default encoder's at two sizes of images."""
    sizes = [_describe_at(part, size) for size in SIZES]
    built = next((latent for latent, _ in sizes if latent is not None), None)
    return {"sizes": [size for _, size in sizes], **({} if built is None else _facts(built))}


def _describe_at(
    part: Component, image_shape: tuple[int, int, int]
) -> tuple[LatentUnderCheck | None, dict[str, Any]]:
    from vaekit.config import TrainConfig
    from vaekit.model import Context, Part, build_part
    from vaekit.options import resolved_options
    from vaekit.plugins import discover
    from vaekit.testing import subject_of
    from vaekit.testing.latent_values import LatentUnderCheck

    config = TrainConfig()
    encoder = discover().registry.get("encoder", config.parts["encoder"])
    model = build_part(
        Part(encoder, resolved_options(encoder, {})), Context(image_shape, config.latent_dim)
    )
    features = tuple(model.output_shape[1:])
    about = {"image_shape": image_shape, "encoder": encoder.name, "features": features}
    try:
        latent = LatentUnderCheck(subject_of(part), config.latent_dim, features)
    except VaekitError as error:
        return None, {**about, "refused": str(error)}
    except Exception as error:
        return None, {**about, "refused": f"It can't be built: {type(error).__name__}: {error}"}
    shapes = (tuple(output.shape[1:]) for output in latent.heads.outputs)
    return latent, {
        **about,
        "latent_shape": latent.shape,
        "parameters": dict(zip(latent.names, shapes, strict=True)),
        "weights": latent.heads.count_params(),
    }


def _facts(latent: LatentUnderCheck) -> dict[str, Any]:
    """What is the same at all sizes."""
    from vaekit.run.artifacts import bare_operations

    draw, prior = latent.infer(), latent.prior
    own = latent.latent.own_prior() is not None
    return {
        "support": latent.latent.support,
        "prior": None if prior is None else type(prior).__name__,
        "own_prior": own,
        "density": draw.log_ratio is not None,
        "kl_units": int(draw.kl.shape[-1]),
        "terms": list(draw.terms),
        "report": list(draw.report),
        "h5": not bare_operations(latent.draw),
    }


def latent_lines(latent: dict[str, Any]) -> Iterator[str]:
    """The same for people."""
    for size in latent["sizes"]:
        at = f"{shape_text(size['image_shape'])} by {size['encoder']}"
        if "refused" in size:
            yield f"  at {at}: {size['refused']}"
            continue
        parameters = (f"{name} {shape_text(s)}" for name, s in size["parameters"].items())
        yield (
            f"  {at}: features {shape_text(size['features'])} -> z "
            f"{shape_text(size['latent_shape'])}: {', '.join(parameters)}; "
            f"{size['weights']:,} weights"
        )
    if "support" not in latent:
        return
    prior = latent["prior"] or "none, so nothing can be sampled"
    yield f"  support: {latent['support']}"
    yield f"  prior: {prior}{' of its own, and no other' if latent['own_prior'] else ''}"
    yield f"  density: {'yes' if latent['density'] else 'none, so no elbo'}"
    yield f"  units of the KL: {latent['kl_units']}"
    yield f"  terms of its own: {', '.join(latent['terms']) or 'none'}"
    yield f"  reports: {', '.join(latent['report']) or 'nothing'}"
    yield f"  saved encoder: .keras{' and .h5' if latent['h5'] else '; .h5 has layers alone'}"
