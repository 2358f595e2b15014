"""What `vaekit plugins show` says of a sampler: whom it serves, and what it goes by."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vaekit.registry import Component


def describe_sampler(part: Component) -> dict[str, Any]:
    """The declarations of a sampler for z of a latent that it serves."""
    from vaekit.testing import subject_of
    from vaekit.testing.sampler_values import SamplerUnderCheck
    from vaekit.testing.verdict import CheckSkipped

    try:
        sampler = SamplerUnderCheck(subject_of(part)).sampler
    except CheckSkipped as reason:
        return {"refused": f"It can't be shown: {reason}."}
    except Exception as error:
        return {"refused": f"It can't be built: {type(error).__name__}: {error}"}
    return {
        "supports": None if sampler.supports is None else list(sampler.supports),
        "conditional": sampler.conditional,
        "fitted": sampler.fitted,
        "needs_prior": sampler.needs_prior,
        "needs_posterior": sampler.needs_posterior,
        "needs_codes": sampler.needs_codes,
        "has_temperature": sampler.has_temperature,
    }


def sampler_lines(sampler: dict[str, Any]) -> Iterator[str]:
    """The same for people."""
    if "refused" in sampler:
        yield f"  {sampler['refused']}"
        return
    supports = sampler["supports"]
    yield f"  for z of support: {'any' if supports is None else ', '.join(supports)}"
    yield f"  goes by a condition: {_yes(sampler['conditional'])}"
    what = "posteriors" if sampler["needs_posterior"] else "codes"
    yield f"  fitted on: {f'{what} of training images' if sampler['fitted'] else 'nothing'}"
    yield f"  draws from the prior: {_yes(sampler['needs_prior'])}"
    yield f"  has a temperature: {_yes(sampler['has_temperature'])}"


def _yes(value: bool) -> str:
    return "yes" if value else "no"
