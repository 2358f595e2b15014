"""The latent of a radial flow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import vaekit
from annotated_types import Ge
from keras import layers, ops

from vaekit_flows.flow import Flow
from vaekit_flows.flow_latent import FlowLatent

_MOST_LOG_ALPHA = 4.0


class RadialStep(Flow):
    """z -> z + beta (z - c) / (alpha + r), r = |z - c|, to or from a centre c.

    Rezende and Mohamed, arXiv:1505.05770, equation 14. It is invertible where beta >= -alpha, which
    holds by their appendix A.2: beta = log(1 + exp(what the image says)) - alpha.
    """

    tells_inverse = False

    def __init__(self, dim: int, name: str) -> None:
        self._dim, self._name = dim, name
        name = f"encoder_{name}"
        self._away = layers.Subtract(name=f"{name}_away")
        self._unit = layers.UnitNormalization(name=f"{name}_unit")
        self._radius = layers.Dot(1, name=f"{name}_radius")
        self._shortening = layers.Rescaling(-1.0, name=f"{name}_shortening")
        self._one_over_alpha = layers.Activation("exponential", name=f"{name}_one_over_alpha")
        self._relative = layers.Multiply(name=f"{name}_relative_radius")
        self._softplus = layers.Activation("softplus", name=f"{name}_softplus")
        self._growth = layers.Multiply(name=f"{name}_growth")
        self._relative_beta = layers.Rescaling(1.0, -1.0, name=f"{name}_relative_beta")
        self._softsign = layers.Activation("softsign", name=f"{name}_softsign")
        self._nearness = layers.Rescaling(-1.0, 1.0, name=f"{name}_nearness")
        self._moved = layers.Multiply(name=f"{name}_moved")
        self._sum = layers.Add(name=f"{name}_sum")

    def heads(self, vector: Any) -> dict[str, Any]:
        """`centre` `(B, D)`; `log_alpha` in (-4, 4), and `beta` before its constraint, `(B, 1)`.

        Of a smaller alpha, stock layers can't tell alpha / (alpha + r) well in float32.
        """
        name = f"encoder_{self._name}"
        centre, log_alpha, beta = (
            layers.Dense(size, name=f"{name}_{what}")(vector)
            for what, size in (("centre", self._dim), ("unbounded_log_alpha", 1), ("beta", 1))
        )
        share = layers.Activation("tanh", name=f"{name}_bounded")(
            layers.Rescaling(1.0 / _MOST_LOG_ALPHA, name=f"{name}_share")(log_alpha)
        )
        return {
            f"{self._name}_centre": centre,
            f"{self._name}_log_alpha": layers.Rescaling(_MOST_LOG_ALPHA, name=f"{name}_log_alpha")(
                share
            ),
            f"{self._name}_beta": beta,
        }

    def __call__(self, z: Any, parameters: Mapping[str, Any]) -> tuple[Any, Any]:
        """In units of alpha: radius r / alpha, growth beta / alpha + 1, which is positive."""
        centre, log_alpha, beta = (
            parameters[f"{self._name}_{what}"] for what in ("centre", "log_alpha", "beta")
        )
        away = self._away([z, centre])
        one_over_alpha = self._one_over_alpha(self._shortening(log_alpha))
        radius = self._relative([self._radius([away, self._unit(away)]), one_over_alpha])
        growth = self._growth([self._softplus(beta), one_over_alpha])
        nearness = self._nearness(self._softsign(radius))  # alpha / (alpha + r)
        moved = self._moved([self._relative_beta(growth), nearness, away])
        return self._sum([z, moved]), self._log_det(radius, growth)[:, 0]

    def _log_det(self, radius: Any, growth: Any) -> Any:
        """(D - 1) log(1 + beta h) + log(1 + beta h + beta h' r), h = 1 / (alpha + r).

        As fractions over 1 + r / alpha, whose numerators are sums of positive terms.
        """
        log_below = ops.log1p(radius)
        across = ops.log(ops.add(radius, growth)) - log_below
        along = ops.log(radius * (radius + 2.0) + growth) - 2.0 * log_below
        return (self._dim - 1) * across + along


def radial(latent_dim: int, *, steps: Annotated[int, Ge(0)] = 4) -> vaekit.Latent:
    """A normal posterior that is drawn to or driven from centres, whose places the image tells.

    Rezende and Mohamed, "Variational Inference with Normalizing Flows" (arXiv:1505.05770). The KL
    is estimated from the draws. The density is known of draws alone, so it takes no prior that
    asks for it elsewhere, as `vamp` does.

    Args:
        steps: how many centres; 0 is a diagonal normal.
    """
    return FlowLatent(latent_dim, [RadialStep(latent_dim, f"flow{n + 1}") for n in range(steps)])
