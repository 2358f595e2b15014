"""A masked autoregressive flow, fitted on the codes of the training images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import keras
import numpy as np
import vaekit
from annotated_types import Ge, Gt
from keras import layers, ops
from vaekit_flows import maf as flow

from vaekit_samplers.by_class import ByClass
from vaekit_samplers.descent import descend, restore, state_of


class FlowSampler(vaekit.Sampler):
    """z of N(0, I) through a flow of the greatest likelihood; see `maf`."""

    has_temperature = True

    def __init__(
        self, latent_space: vaekit.LatentSpace, steps: int, units: int, epochs: int, rate: float
    ) -> None:
        self._space = latent_space
        self._steps, self._units = steps, units
        self._epochs, self._rate = epochs, rate

    def fit(self, encodings: vaekit.Encodings, seed: int) -> None:
        """Maximise the likelihood of the codes, put to mean 0 and variance 1."""
        self.centre = encodings.flat.mean(axis=0)
        self.spread = np.maximum(encodings.flat.std(axis=0), 1e-6)
        self._build()
        z = self._standardised(encodings.flat)

        def epoch_inputs(_: np.random.Generator) -> Sequence[np.ndarray]:
            return (z,)

        descend(self.cost, epoch_inputs, epochs=self._epochs, rate=self._rate, seed=seed)

    def _build(self) -> None:
        size = self._space.size
        prior = flow.maf(size, (1, 1, 1), steps=self._steps, units=self._units)
        self.law = prior.distribution(size, _no_images)
        z = layers.Input((size,))
        self.cost = keras.Model(z, ops.negative(self.law.log_prob(z)))

    def _standardised(self, z: np.ndarray) -> np.ndarray:
        return ((z - self.centre) / self.spread).astype("float32")

    def log_prob(self, z: np.ndarray) -> np.ndarray:
        """The log-density of z `(N, D)`, `(N,)`, in nats."""
        cost = ops.convert_to_numpy(self.cost(self._standardised(z)))
        return -cost - np.log(self.spread).sum()

    def sample(
        self, count: int, seed: int, temperature: float = 1.0, labels: np.ndarray | None = None
    ) -> np.ndarray:
        noise = np.random.default_rng(seed).standard_normal((count, self._space.size))
        start = ops.convert_to_tensor((temperature * noise).astype("float32"))
        z = self.centre + self.spread * ops.convert_to_numpy(self.law.from_noise(start))
        return z.reshape(count, *self._space.shape).astype("float32")

    def state(self) -> Mapping[str, np.ndarray]:
        """`centre` and `spread` `(D,)`, and the flow's weights."""
        return {"centre": self.centre, "spread": self.spread, **state_of(self.cost)}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        self.centre, self.spread = state["centre"], state["spread"]
        self._build()
        restore(self.cost, state)


def _no_images(_: Any) -> vaekit.Distribution:
    raise vaekit.BuildError("A flow that is fitted on codes has no images to encode.")


def maf(
    latent_space: vaekit.LatentSpace,
    *,
    steps: Annotated[int, Ge(1)] = 4,
    units: Annotated[int, Ge(1)] = 32,
    epochs: Annotated[int, Ge(1)] = 50,
    rate: Annotated[float, Gt(0)] = 3e-3,
) -> vaekit.Sampler:
    """A masked autoregressive flow of the greatest likelihood, that of vaekit-flows.

    Papamakarios et al., "Masked Autoregressive Flow for Density Estimation" (arXiv:1705.07057). A
    draw takes as many passes a step as z has values, so it's for some dozens of them. A temperature
    scales the normal that the flow starts from. In a run with a condition, each class has a flow of
    its own.

    Args:
        steps: how many steps the flow has.
        units: hidden units for each value of z.
        epochs: passes over the codes.
        rate: Adam's step size at the start; it falls to 0 by a cosine.
    """
    return ByClass(latent_space, lambda: FlowSampler(latent_space, steps, units, epochs, rate))
