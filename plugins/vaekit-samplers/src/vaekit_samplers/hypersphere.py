"""Points of the sphere between a code and its neighbours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import numpy as np
import vaekit
from annotated_types import Ge
from sklearn.neighbors import NearestNeighbors

from vaekit_samplers.by_class import ByClass


class NeighbourSampler(vaekit.Sampler):
    """z on the sphere, among the k nearest neighbours of a code; see `hypersphere`."""

    supports = ("sphere",)

    def __init__(self, latent_space: vaekit.LatentSpace, neighbours: int) -> None:
        self._shape, self._neighbours = latent_space.shape, neighbours

    def fit(self, encodings: vaekit.Encodings, seed: int) -> None:
        """Keep the codes, and which are nearest to each."""
        self.codes = encodings.flat
        count = min(self._neighbours + 1, len(self.codes))  # each is the nearest to itself
        search = NearestNeighbors(n_neighbors=count, algorithm="brute").fit(self.codes)
        self.nearest = search.kneighbors(self.codes, return_distance=False).astype("int32")

    def sample(
        self, count: int, seed: int, temperature: float = 1.0, labels: np.ndarray | None = None
    ) -> np.ndarray:
        rng = np.random.default_rng(seed)
        around = self.nearest[rng.integers(len(self.codes), size=count)]
        # Shares that are uniform over the simplex of a code and its neighbours.
        shares = rng.dirichlet(np.ones(around.shape[1]), size=count)
        z = np.einsum("nk,nkd->nd", shares, self.codes[around])
        z /= np.linalg.norm(z, axis=-1, keepdims=True)
        return z.reshape(count, *self._shape).astype("float32")

    def state(self) -> Mapping[str, np.ndarray]:
        """`codes` `(N, D)`, and `nearest` `(N, k + 1)`, the numbers of those nearest to each."""
        return {"codes": self.codes, "nearest": self.nearest}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        self.codes, self.nearest = state["codes"], state["nearest"]


def hypersphere(
    latent_space: vaekit.LatentSpace, *, neighbours: Annotated[int, Ge(1)] = 5
) -> vaekit.Sampler:
    """Weighted means of a code and its nearest neighbours, put back on the sphere.

    For spherical latents, such as those of Davidson et al. (arXiv:1804.00891): on a sphere, a
    straight way to the neighbours' mean and its length set to 1 follow the surface where they are
    near. There is no density, and so no temperature: with more neighbours, it goes further away
    from the codes. In a run with a condition, each class has its own codes.

    Args:
        neighbours: how many, k.
    """
    return ByClass(latent_space, lambda: NeighbourSampler(latent_space, neighbours))
