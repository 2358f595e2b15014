"""What `vaekit plugins show` says of a prior: whom it serves, its law and its variables."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from vaekit.cli.plugins.parts import SIZES, shape_text, variable_facts, variables_text

if TYPE_CHECKING:
    from vaekit.registry import Component


def describe_prior(part: Component) -> dict[str, Any]:
    """The law of a prior, for z of a latent that it serves, and its variables at two sizes."""
    from vaekit.run.artifacts import bare_operations
    from vaekit.testing import subject_of
    from vaekit.testing.prior_values import new_prior
    from vaekit.testing.verdict import CheckSkipped

    subject = subject_of(part)
    try:
        priors = [new_prior(subject, image_shape=size) for size in SIZES]
        law, model = priors[0].law(), priors[0].noise_model()
        density = priors[0].tells_density
    except CheckSkipped as reason:
        return {"refused": f"It can't be shown: {reason}."}
    except Exception as error:
        return {"refused": f"It can't be built: {type(error).__name__}: {error}"}
    return {
        "supports": list(priors[0].prior.supports),
        "conditional": priors[0].prior.conditional,
        "law": type(law).__name__,
        "density": density,
        "noise": law.noise_dim,
        "h5": model is not None and not bare_operations(model),
        "sizes": [
            {
                "image_shape": size,
                "latent_size": prior.size,
                "variables": variable_facts(prior.own),
            }
            for size, prior in zip(SIZES, priors, strict=True)
        ],
    }


def prior_lines(prior: dict[str, Any]) -> Iterator[str]:
    """The same for people."""
    if "refused" in prior:
        yield f"  {prior['refused']}"
        return
    yield f"  for z of support: {', '.join(prior['supports'])}"
    yield f"  law: {prior['law']}, {'with' if prior['density'] else 'without'} a density"
    yield f"  goes by a condition: {'yes' if prior['conditional'] else 'no'}"
    if prior["noise"] is None:
        yield "  saved: not, since it isn't made of normal noise"
    else:
        yield f"  saved: .keras{' and .h5' if prior['h5'] else '; .h5 has layers alone'}"
    for size in prior["sizes"]:
        count = sum(math.prod(variable["shape"]) for variable in size["variables"])
        yield (
            f"  at {shape_text(size['image_shape'])}, z of {size['latent_size']}: "
            f"{count:,} weights: {variables_text(size['variables'])}"
        )

