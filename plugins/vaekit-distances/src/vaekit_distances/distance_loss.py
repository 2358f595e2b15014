"""A loss whose reconstruction term is a distance between images, not a likelihood."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import vaekit


class DistanceLoss(vaekit.Loss):
    """`weighted_distance` = weight x distance, and `kl` in nats.

    A distance is no -log p(x|z), so that no elbo is reported.

    distance: images and reconstructions `(B, H, W, C)` in [0, 1] -> `(B,)`, 0 where they are equal.
    name: of the distance, in words.
    """

    posterior = prior = object

    def __init__(self, distance: Callable[[Any, Any], Any], weight: float, name: str) -> None:
        self.distance, self.weight = distance, weight
        self.minimises = f"{weight:g} x {name} + KL"

    def __call__(self, x: Any, output: vaekit.VAEOutput) -> Mapping[str, Any]:
        distance = self.distance(x, output.reconstruction)
        return {"weighted_distance": self.weight * distance, "kl": output.kl}
