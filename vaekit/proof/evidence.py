"""Latents, priors and losses held to log p(x), which is integrated; see `small_vae`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache, partial
from typing import NamedTuple

import numpy as np

from vaekit.engine import Program
from vaekit.errors import BuildError
from vaekit.loss import needs_of
from vaekit.proof.claim import Claim, Comparison, at_most, within
from vaekit.proof.parts import installed
from vaekit.proof.small_vae import (
    log_evidence,
    scores,
    small_program,
    some_images,
    weights_of,
)
from vaekit.registry import Component
from vaekit.testing import CheckSkipped, Subject
from vaekit.testing.laws import Space
from vaekit.testing.made_up_draws import takes_normals
from vaekit.testing.served import latents_served

_COARSE = 5e-3  # nats, by the grid's doing

Parts = tuple[tuple[str, Component], ...]


def claims_of_evidence(*, integrate: bool) -> Iterator[Claim]:
    """Of every registered latent, prior and loss that has densities.

    integrate: whether to integrate log p(x), which takes seconds a latent.
    """
    for kind, beside in (("latent", _alone), ("prior", _with_latent), ("loss", _with_normals)):
        for part in installed(kind):
            area = f"{part.kind} {part.name}"
            yield Claim(
                area,
                "ELBO by its draws",
                "the reported ELBO is the mean of log p(x|z) - log q(z|x) + log p(z) over draws",
                partial(_elbo, beside, part),
            )
            if integrate and kind != "loss":
                yield Claim(
                    area,
                    "ELBO below log p(x)",
                    "the reported ELBO is at most log p(x), integrated over a grid of z",
                    partial(_bound, beside, part),
                )


def _alone(part: Component) -> Parts:
    return ((part.kind, part),)


def _with_latent(part: Component) -> Parts:
    return (*_alone(part), ("latent", latents_served(Subject(part))[0].component))


def _with_normals(part: Component) -> Parts:
    try:
        needs = needs_of(Subject(part).make(**Subject(part).options), part.name)
    except BuildError as error:
        raise CheckSkipped(str(error)) from error
    if needs.classifier is not None or not takes_normals(needs):
        raise CheckSkipped("it takes no diagonal normal without a condition")
    return _alone(part)


class _Case(NamedTuple):
    program: Program
    space: Space
    x: np.ndarray
    elbo: np.ndarray  # of copies of each image, (copies, B)

    @property
    def error(self) -> np.ndarray:
        """The standard error of each image's mean ELBO."""
        return self.elbo.std(axis=0) / np.sqrt(len(self.elbo))


@lru_cache(maxsize=1)
def _case(parts: Parts) -> _Case:
    program, space = small_program(dict(parts))
    x = some_images()
    told: Mapping[str, np.ndarray] = scores(program, x)
    if "elbo" not in told:
        raise CheckSkipped("it reports no ELBO")
    return _Case(program, space, x, told["elbo"])


def _elbo(beside: Callable[[Component], Parts], part: Component) -> Comparison:
    case = _case(beside(part))
    by_draws = weights_of(case.program, case.x).log_weights
    error = np.hypot(by_draws.std(axis=0) / np.sqrt(len(by_draws)), case.error)
    return within(by_draws.mean(axis=0), case.elbo.mean(axis=0), error)


def _bound(beside: Callable[[Component], Parts], part: Component) -> Comparison:
    case = _case(beside(part))
    above = log_evidence(case.program, case.space, case.x)
    return at_most(above, case.elbo.mean(axis=0), slack=5.0 * case.error + _COARSE)
