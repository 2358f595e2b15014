"""What Hamiltonian steps make of a posterior."""

from __future__ import annotations

from typing import Any, NamedTuple

import keras
import vaekit
from keras import ops

from vaekit_geometry.leapfrog import Leapfrog, Phase, Potential
from vaekit_geometry.tempering import Tempering


class Trajectory(NamedTuple):
    """Where a draw began, its momentum not yet tempered, and where it ended."""

    start: Phase
    end: Phase


class HamiltonianPosterior(vaekit.Distribution):
    """Draws of `base`, moved by tempered steps down a potential: Caterini et al., arXiv:1805.11328.

    There is a density of z and momentum together, and none of z alone to be told.

    step_sizes: of each value of z, `(D,)`.
    """

    def __init__(
        self,
        base: vaekit.Distribution,
        potential: Potential,
        leapfrog: Leapfrog,
        tempering: Tempering,
        step_sizes: Any,
    ) -> None:
        self.base, self.potential = base, potential
        self.leapfrog, self.tempering, self.step_sizes = leapfrog, tempering, step_sizes

    def sample(self, seed: Any, lead: tuple[int, ...] = ()) -> Any:
        return self.trajectory(seed, lead).end.z

    def trajectory(self, seed: Any, lead: tuple[int, ...] = ()) -> Trajectory:
        """A draw `(*lead, B, D)` with all that its density hangs on."""
        z = self.base.sample(seed, lead)
        momentum = self.leapfrog.momentum(z, keras.random.normal(ops.shape(z), seed=seed))
        scale, *following = self.tempering.scales()
        phase = Phase(z, scale * momentum)
        for cooler in following:
            phase = self.leapfrog.step(phase, self.potential, self.step_sizes)
            phase = phase._replace(momentum=(cooler / scale) * phase.momentum)
            scale = cooler
        return Trajectory(Phase(z, momentum), phase)

    def momentum_ratio(self, trajectory: Trajectory) -> Any:
        """The first momentum's log-density less the last one's, `(..., B)`, in nats.

        By so much log q(z, r|x) - log p(z, r) differs from log q_0 at the first z less log p(z) at
        the last.
        """
        first, last = (self.leapfrog.log_prob(phase) for phase in trajectory)
        return first - last
