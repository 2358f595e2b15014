"""The least time that a step can take on a machine, from its arithmetic and its traffic.

Both counts are floors. Arithmetic: forward, and for training as much again for the gradient of
the inputs and of the weights. Traffic: what passes from one layer with weights to the next is
written once and read once; in training it is read once more on the way back, and its gradient is
written once and read once. All that lies between (normalisation, activation) counts as free.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from vaekit.benchmark.ceilings import Ceilings
from vaekit.benchmark.counting import Count

# Adam reads and writes a weight and its two moments, and the step reads the weight twice and
# writes and reads its gradient.
_TRAFFIC_A_WEIGHT = 6 + 2 + 2
_WEIGHT_BYTES = 4  # weights and moments stay in float32 whatever the step computes in


class Limit(NamedTuple):
    """Images/s that arithmetic alone and traffic alone allow at one batch size."""

    by_arithmetic: float
    by_traffic: float

    @property
    def images_per_s(self) -> float:
        """What the tighter of the two allows."""
        return min(self)

    def described(self, reached: float) -> dict[str, Any]:
        """For a result file: both limits, and the share of each that `reached` images/s is."""
        return {
            "limit_by_arithmetic": self.by_arithmetic,
            "limit_by_traffic": self.by_traffic,
            "share_of_arithmetic": reached / self.by_arithmetic,
            "share_of_limit": reached / self.images_per_s,
        }


def training_limit(count: Count, batch: int, ceilings: Ceilings, value_bytes: int) -> Limit:
    """Of a training step with Adam; `value_bytes` is the size of a number between layers."""
    weights = _TRAFFIC_A_WEIGHT * count.weights / batch
    return Limit(
        ceilings.flop_per_s / training_flop(count),
        ceilings.bytes_per_s / (5 * count.values * value_bytes + weights * _WEIGHT_BYTES),
    )


def forward_limit(count: Count, batch: int, ceilings: Ceilings, value_bytes: int) -> Limit:
    """Of a pass forward, which reads every weight once."""
    weights = count.weights / batch
    return Limit(
        ceilings.flop_per_s / (2 * count.multiply_adds),
        ceilings.bytes_per_s / (2 * count.values * value_bytes + weights * _WEIGHT_BYTES),
    )


def training_flop(count: Count) -> int:
    """Of one image in a training step, a multiply-add counting as two."""
    return 3 * 2 * count.multiply_adds
