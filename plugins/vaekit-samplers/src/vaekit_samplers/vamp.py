"""The mixture of the posteriors of training images."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import keras
import numpy as np
import vaekit
from annotated_types import Ge
from keras import ops

from vaekit_samplers.by_class import ByClass


class PosteriorMixture(vaekit.Sampler):
    """z ~ (1 / K) sum_k q(z|x_k), of K training images; see `vamp`."""

    supports = None
    needs_posterior = True
    has_temperature = True  # as far as the posterior has one

    def __init__(self, latent_space: vaekit.LatentSpace, images: int) -> None:
        self._space, self._images = latent_space, images

    def fit(self, encodings: vaekit.Encodings, seed: int) -> None:
        """Keep the parameters of so many posteriors, drawn without replacement."""
        count = len(encodings.points)
        order = np.random.default_rng(seed).permutation(count)
        self.parameters = encodings.of(np.sort(order[: self._images])).parameters

    def sample(
        self, count: int, seed: int, temperature: float = 1.0, labels: np.ndarray | None = None
    ) -> np.ndarray:
        held = len(next(iter(self.parameters.values())))
        which = np.random.default_rng(seed).integers(held, size=count)
        law = self._space.posterior(
            {name: values[which] for name, values in self.parameters.items()}
        )
        if temperature != 1.0:
            tempered = law.tempered(temperature)
            if tempered is None:
                raise vaekit.UserError(
                    f"The posterior is a {type(law).__name__}, whose spread no temperature scales: "
                    "leave out the temperature."
                )
            law = tempered
        z: np.ndarray = ops.convert_to_numpy(law.sample(keras.random.SeedGenerator(seed)))
        return z.reshape(count, *self._space.shape)

    def state(self) -> Mapping[str, np.ndarray]:
        """The parameters by their names, `(K, ...)`."""
        return self.parameters

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        self.parameters = state


def vamp(
    latent_space: vaekit.LatentSpace, *, images: Annotated[int, Ge(1)] = 1000
) -> vaekit.Sampler:
    """Draws of the posteriors of training images, each as likely: the aggregated posterior.

    The optimal prior of Tomczak and Welling (arXiv:1705.07120), equation 8, with training images
    for pseudo-inputs; what it draws is near to one of them. It goes with any latent, codes and
    spheres too. In a run with a condition, each class has its own images. A temperature scales the
    standard deviations of normal posteriors.

    Args:
        images: of how many training images the posteriors are kept.
    """
    return ByClass(latent_space, lambda: PosteriorMixture(latent_space, images))
