"""The way down a ladder: groups of values, each given those above it, of stock layers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from keras import layers, ops
from vaekit.distributions import DiagonalNormal

Rule = Callable[[DiagonalNormal, DiagonalNormal], DiagonalNormal]


class TopDown:
    """p(z_1) = N(0, I), and p(z_l|z_1 .. z_{l-1}), diagonal normals by networks.

    A state takes in one group after the other, by a layer of `units` each, and the prior of the
    next is linear in it: the deterministic path of NVAE and VDVAE (arXiv:2007.03898, 2011.10650).

    sizes: how many values each group has, the uppermost first.
    """

    def __init__(self, sizes: Sequence[int], units: int) -> None:
        self.sizes = tuple(sizes)
        self._states, self._means, self._log_vars = [], [], []
        self._joins = [layers.Concatenate(name=f"ladder_join{n}") for n in range(1, len(sizes))]
        above = 0
        for number, (size, below) in enumerate(pairwise(sizes), start=1):
            state = layers.Dense(units, activation="tanh", name=f"ladder_state{number}")
            state.build((None, above + size))
            mean = layers.Dense(below, name=f"ladder_prior_mean{number + 1}")
            log_var = layers.Dense(below, name=f"ladder_prior_log_variance{number + 1}")
            mean.build((None, units))
            log_var.build((None, units))
            self._states.append(state)
            self._means.append(mean)
            self._log_vars.append(log_var)
            above = units

    def descend(self, choose: Callable[[int, DiagonalNormal | None], Any]) -> list[Any]:
        """z of each group, the uppermost first, `(..., size)`.

        choose: the number of a group, from 0, and p(z_l|z_1 .. z_{l-1}) -> z_l; None is N(0, I).
        """
        values = [choose(0, None)]
        state: Any = None
        steps = zip(self._joins, self._states, self._means, self._log_vars, strict=True)
        for number, (join, update, mean, log_var) in enumerate(steps, start=1):
            above = values[-1]
            state = update(above if state is None else join([state, above]))
            values.append(choose(number, DiagonalNormal(mean(state), log_var(state))))
        return values

    def parted(self, values: Any) -> list[Any]:
        """Those of each group, of `(..., D)`."""
        # By constant indices, since Keras saves no slices.
        ends = np.cumsum(self.sizes)
        return [
            ops.take(values, np.arange(end - size, end), axis=-1)
            for size, end in zip(self.sizes, ends, strict=True)
        ]


class PrecisionWeighting:
    """Normals from above and from the image, weighed by their precisions.

    Sonderby et al., arXiv:1602.02282, equations 17 to 19. With a and b the log-variances,
    exp(-a) + exp(-b) is exp(softplus(a - b) - a), and sigmoid(b - a) the first one's share of it.
    """

    def __init__(self, name: str) -> None:
        self._wider = layers.Subtract(name=f"{name}_wider")
        self._narrower = layers.Rescaling(-1.0, name=f"{name}_narrower")
        self._shares = [
            layers.Activation("sigmoid", name=f"{name}_{whose}_share")
            for whose in ("image", "prior")
        ]
        self._parts = [layers.Multiply(name=f"{name}_{whose}_part") for whose in ("image", "prior")]
        self._mean = layers.Add(name=f"{name}_mean")
        self._softplus = layers.Activation("softplus", name=f"{name}_gained_precision")
        self._log_var = layers.Subtract(name=f"{name}_log_variance")

    def __call__(self, image: DiagonalNormal, prior: DiagonalNormal) -> DiagonalNormal:
        wider = self._wider([image.z_log_var, prior.z_log_var])
        weighed = zip(
            self._parts,
            self._shares,
            (self._narrower(wider), wider),
            (image.z_mean, prior.z_mean),
            strict=True,
        )
        mean = self._mean([part([share(logit), value]) for part, share, logit, value in weighed])
        return DiagonalNormal(mean, self._log_var([image.z_log_var, self._softplus(wider)]))


class Residual:
    """What the image says is how far the posterior is from the prior.

    N(mu + dmu, sigma dsigma): Vahdat and Kautz, arXiv:2007.03898, section 3.2.
    """

    def __init__(self, name: str) -> None:
        self._mean = layers.Add(name=f"{name}_mean")
        self._log_var = layers.Add(name=f"{name}_log_variance")

    def __call__(self, image: DiagonalNormal, prior: DiagonalNormal) -> DiagonalNormal:
        return DiagonalNormal(
            self._mean([prior.z_mean, image.z_mean]),
            self._log_var([prior.z_log_var, image.z_log_var]),
        )


RULES: dict[str, Callable[[str], Rule]] = {"precision": PrecisionWeighting, "residual": Residual}
