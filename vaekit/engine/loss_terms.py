"""What is reported and minimised of a batch: the terms of the loss, of the latent, and the bound.

Terms are a value an image each, under names that the kit doesn't use.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
from keras import ops

from vaekit.distributions import DiagonalNormal
from vaekit.engine.objectives import total_name
from vaekit.errors import BuildError
from vaekit.latent import Draw
from vaekit.loss import ADVERSARY, Needs
from vaekit.model import HeldVariables, VariablesUsed, refused_creation, variables_of
from vaekit.types import Tensor, VAEOutput

# Names that the kit reports by itself; `kl` may be a loss's own term, if it is the KL.
RESERVED = (
    *("loss", "adversary_loss"),
    *("elbo", "mse", "psnr", "active_units", "kl_dim", "z_mean", "z_mean_squared"),
)


class LossTerms:
    """A loss, with what it needs, put to what a VAE makes of images `x` `(B, H, W, C)`."""

    def __init__(self, loss: Any, needs: Needs, name: str) -> None:
        self._loss, self._needs, self._name = loss, needs, name

    def __call__(
        self, x: Tensor, output: VAEOutput, noise: keras.random.SeedGenerator
    ) -> dict[str, Tensor]:
        """The terms of the loss, of the latent and of the adversary, `(B,)` each."""
        loss, latent, adversary = self._by_origin(x, output, noise)
        return {**loss, **latent, **adversary}

    def bound(self, x: Tensor, output: VAEOutput) -> dict[str, Tensor]:
        """`kl` and, where there are a likelihood and densities, `elbo` of each image, in nats."""
        kl = output.kl
        if self._needs.likelihood is None or output.log_ratio is None:
            return {"kl": kl}
        log_prob = self._needs.likelihood.log_prob(x, output.reconstruction)
        if self._needs.samples > 1:
            log_prob = ops.mean(log_prob, axis=0)
        return {"kl": kl, "elbo": log_prob - kl}

    def names(
        self, x: Tensor, output: VAEOutput, noise: keras.random.SeedGenerator
    ) -> dict[str, tuple[str, ...]]:
        """The names of the terms of the loss, of the latent and of the adversary."""
        loss, latent, adversary = self._by_origin(x, output, noise)
        return {"loss": tuple(loss), "latent": tuple(latent), ADVERSARY: tuple(adversary)}

    def checked(
        self,
        evaluated: Callable[[], tuple[Tensor, VAEOutput]],
        others: Sequence[keras.Variable],
        noise: keras.random.SeedGenerator,
    ) -> HeldVariables:
        """The loss's own variables, its layers built by a batch whose effects are thrown away.

        evaluated: two images, and what the VAE makes of them. others: the variables of the model
            and of the loss's networks.

        Raises `BuildError` if the loss or the latent gives something else than named per-sample
        terms, or the loss uses a variable that it doesn't hold.
        """
        with VariablesUsed() as first:
            x, output = evaluated()
            self._check(x, output, noise)
        likelihood = self._needs.likelihood
        own = variables_of(self._loss, likelihood, but=[self._needs.adversary, *others])
        with VariablesUsed() as again:
            self._check(x, output, noise)
            if likelihood is not None:
                likelihood.log_prob(x, output.reconstruction)
        held = [*own.variables, *others, noise.state]
        again.refuse_others(f"The loss {self._name!r}", held, first)
        return own

    def _by_origin(
        self, x: Tensor, output: VAEOutput, noise: keras.random.SeedGenerator
    ) -> tuple[Mapping[str, Tensor], Mapping[str, Tensor], Mapping[str, Tensor]]:
        if output.training:
            self._follow(x, output.reconstruction)
        loss = self._loss(x, output)
        adversary = self._needs.adversary
        against = {} if adversary is None else adversary(x, _at_rest(output), noise)
        return loss, _draw(output).terms, against

    def _follow(self, x: Tensor, reconstruction: Tensor) -> None:
        """Let a likelihood that follows the error see it, before the loss uses the likelihood."""
        follow = getattr(self._needs.likelihood, "follow", None)
        if follow is not None:
            follow(x, reconstruction)

    def _check(self, x: Tensor, output: VAEOutput, noise: keras.random.SeedGenerator) -> None:
        """Raise `BuildError` unless all terms are what terms have to be, in training and out."""
        totals = (total_name(n, player) for n, player in enumerate(self._needs.players))
        taken = dict.fromkeys((*RESERVED, *self._needs.schedules, *totals), "the kit")
        who = f"The loss {self._name!r}"
        for training in (False, True):
            with refused_creation(who):
                loss, latent, against = self._by_origin(
                    x, output._replace(training=training), noise
                )
            if latent:
                check_terms("The latent", latent, taken)
            beside = {**taken, **dict.fromkeys(latent, "the latent")}
            check_terms(who, loss, beside)
            if self._needs.adversary is not None:
                beside |= dict.fromkeys(loss, "the loss")
                check_terms(f"The adversary of the loss {self._name!r}", against, beside)


def check_terms(who: str, terms: Any, taken: Mapping[str, str]) -> None:
    """Raise `BuildError` unless these are `{name: (2,)}` of a batch of two, by other names.

    who: what gave them, as the error names it. taken: names, and what reports by each.
    """
    if not isinstance(terms, Mapping) or not terms:
        raise BuildError(
            f"{who} must return {{name: tensor of shape (B,)}}; it gave a {type(terms).__name__}."
        )
    for key, term in terms.items():
        if key in taken:
            raise BuildError(f"{who} has a term {key!r}, which {taken[key]} reports by itself.")
        if tuple(getattr(term, "shape", ())) != (2,):
            raise BuildError(
                f"{who} must give one value an image, shape (B,); for a batch of 2 its term "
                f"{key!r} has {tuple(getattr(term, 'shape', ()))}."
            )


def _draw(output: VAEOutput) -> Draw:
    assert output.draw is not None  # which is None only where one is made by hand
    return output.draw


def _at_rest(output: VAEOutput) -> VAEOutput:
    """The output with its gradient stopped: what the adversary learns doesn't move the VAE."""
    posterior = output.posterior
    if isinstance(posterior, DiagonalNormal):
        posterior = DiagonalNormal(*(ops.stop_gradient(part) for part in posterior))
    return output._replace(
        reconstruction=ops.stop_gradient(output.reconstruction),
        posterior=posterior,
        z=ops.stop_gradient(output.z),
    )
