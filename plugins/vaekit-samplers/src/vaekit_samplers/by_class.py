"""A sampler for each class, where a run goes by the class."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import vaekit


class ByClass(vaekit.Sampler):
    """One sampler for all codes or, in a run with a condition, one for the codes of each class.

    make: makes one that has learned nothing; it needn't know of labels.
    """

    conditional = True

    def __init__(
        self, latent_space: vaekit.LatentSpace, make: Callable[[], vaekit.Sampler]
    ) -> None:
        self._shape = latent_space.shape
        self._each = [make() for _ in range(latent_space.classes or 1)]
        one = self._each[0]
        self.supports, self.has_temperature = one.supports, one.has_temperature
        self.needs_posterior = one.needs_posterior

    def fit(self, encodings: vaekit.Encodings, seed: int) -> None:
        """Fit each on the codes of its class.

        Raises `vaekit.UserError` for a class of which there is no image.
        """
        for label, sampler in enumerate(self._each):
            own = encodings
            if encodings.labels is not None:
                own = encodings.of(encodings.labels == label)
            if not len(own.points):
                raise vaekit.UserError(
                    f"No image is of the class {label}, so there is nothing to fit a sampler of "
                    "that class on."
                )
            sampler.fit(own, seed + label)

    def sample(
        self, count: int, seed: int, temperature: float = 1.0, labels: np.ndarray | None = None
    ) -> np.ndarray:
        if labels is None:
            return self._each[0].sample(count, seed, temperature)
        z = np.empty((count, *self._shape), "float32")
        for label in np.unique(labels):
            which = np.flatnonzero(labels == label)
            z[which] = self._each[label].sample(len(which), seed + int(label), temperature)
        return z

    def state(self) -> Mapping[str, np.ndarray]:
        """That of each, by the number of its class."""
        return {
            f"{label}/{name}": value
            for label, sampler in enumerate(self._each)
            for name, value in sampler.state().items()
        }

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        for label, sampler in enumerate(self._each):
            prefix = f"{label}/"
            own = {n.removeprefix(prefix): v for n, v in state.items() if n.startswith(prefix)}
            sampler.restore(own)
