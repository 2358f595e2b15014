"""The law of what a flow makes of normal draws."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import vaekit
from vaekit import distributions

from vaekit_flows.flow import Flow


class FlowDistribution(vaekit.Distribution):
    """The law of f(z_0), z_0 being normal: log q(f(z_0)) = log q_0(z_0) - log |det df/dz_0|.

    Rezende and Mohamed, arXiv:1505.05770, equation 5.

    base: the law of z_0, of `(B, D)` or `(D,)`. parameters: what the flow takes of each image.
    """

    def __init__(
        self,
        base: distributions.DiagonalNormal,
        flow: Flow,
        parameters: Mapping[str, Any] | None = None,
    ) -> None:
        self.base, self.flow, self.parameters = base, flow, parameters or {}
        self.noise_dim = base.noise_dim

    def sample(self, seed: Any, lead: tuple[int, ...] = ()) -> Any:
        return self._through(self.flow, self.base.sample(seed, lead))[0]

    def sample_and_log_prob(self, seed: Any, lead: tuple[int, ...] = ()) -> tuple[Any, Any]:
        start, log_prob = self.base.sample_and_log_prob(seed, lead)
        z, log_det = self._through(self.flow, start)
        return z, log_prob - log_det

    def log_prob(self, z: Any) -> Any:
        """Exact, by the inverse; None where the flow tells none, but of its own draws."""
        if not self.flow.tells_inverse:
            return None
        start, log_det = self._through(self.flow.inverse, z)
        return self.base.log_prob(start) - log_det

    def from_noise(self, noise: Any) -> Any:
        return self._through(self.flow, self.base.from_noise(noise))[0]

    def _through(self, way: Any, z: Any) -> tuple[Any, ...]:
        """Where z `(..., B, D)` comes to, and the flow's log-determinant on that way `(..., B)`."""
        return distributions.by_rows(way, z, self.parameters)
