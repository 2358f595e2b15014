"""What draws z for new images: samplers, which are fitted on the codes of the training images.

A sampler is no part of the model: nothing of it is trained with it, and one run may have several.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from vaekit.types import Tensor

if TYPE_CHECKING:
    from vaekit.distributions import Distribution


class LatentSpace(NamedTuple):
    """Where z lies, and what the trained model says of it.

    shape: of z, `(D,)` or `(H', W', D)`.
    support: "real", "sphere", "codes" or another word that a latent has for it.
    classes: how many classes the labels are of, in a run with a condition; else None.
    prior_law: p(z), over flat z; None where there is no prior.
    prior_draws: (count, seed, temperature, labels) -> `(count, *shape)`, draws of the prior, or of
        that of each label where it goes by the class. Raises `vaekit.UserError` where the prior has
        no other temperature than 1.
    posterior: parameters of images by name -> q(z|x), over flat z.
    code_shape: of the whole numbers by which a point is looked up; None where there are none.
    looked_up: such numbers `(N, *code_shape)` -> their points `(N, *shape)`.
    code_name: what such numbers are called in what the latent tells of an image.
    code_sizes, free_parameters: see `vaekit.Latent`.
    """

    shape: tuple[int, ...]
    support: str
    classes: int | None
    prior_law: Callable[[], Distribution | None]
    prior_draws: Callable[[int, int, float, np.ndarray | None], np.ndarray]
    posterior: Callable[[Mapping[str, Tensor]], Distribution]
    code_shape: tuple[int, ...] | None = None
    looked_up: Callable[[np.ndarray], np.ndarray] | None = None
    code_name: str | None = None
    code_sizes: tuple[int, ...] = ()
    free_parameters: bool = False

    @property
    def size(self) -> int:
        """How many values z has, flat."""
        return math.prod(self.shape)


class Encodings(NamedTuple):
    """What a sampler is fitted on: the training images, encoded, in the order of their source.

    points: the z that stands for each image, `(N, *shape)`, float32.
    parameters: of each image's posterior, by name, `(N, ...)`; empty unless the sampler says that
        it `needs_posterior`.
    labels: the class of each image, `(N,)`, int32, in a run with a condition; else None.
    codes: the whole numbers by which points are looked up, `(N, ...)`, of latents that have such.
    """

    points: np.ndarray
    parameters: Mapping[str, np.ndarray]
    labels: np.ndarray | None
    codes: np.ndarray | None = None

    @property
    def flat(self) -> np.ndarray:
        """The points as `(N, D)`."""
        return self.points.reshape(len(self.points), -1)

    def of(self, which: np.ndarray) -> Encodings:
        """Those of some images, by a mask `(N,)` or by their numbers."""
        labels = None if self.labels is None else self.labels[which]
        parameters = {name: values[which] for name, values in self.parameters.items()}
        codes = None if self.codes is None else self.codes[which]
        return Encodings(self.points[which], parameters, labels, codes)


class Sampler(ABC):
    """From the codes of the training images to z for new ones.

    What it has learned is named NumPy arrays: `state` gives them and `restore` takes them back.
    They are saved in the run, and never as a pickle. The fit is a function of the encodings, the
    options and the seed, so that a run that was stopped and resumed ends with the same arrays.

    supports: the supports of latents that it serves; None for any.
    conditional: whether it draws z of a class, in a run with a condition. One that doesn't draws z
        whatever the class, and the class is told to the decoder alone.
    fitted: whether there is anything to fit.
    needs_prior: whether it draws from the prior of the run, which must then have one.
    needs_posterior: whether it is to be handed the parameters of posteriors.
    needs_codes: whether it draws the whole numbers by which points are looked up.
    has_temperature: whether it can draw at another temperature than 1.
    """

    supports: tuple[str, ...] | None = ("real",)
    conditional: bool = False
    fitted: bool = True
    needs_prior: bool = False
    needs_posterior: bool = False
    needs_codes: bool = False
    has_temperature: bool = False

    @abstractmethod
    def fit(self, encodings: Encodings, seed: int) -> None:
        """Learn from encodings.

        Raises `vaekit.UserError` for those that it can't be fitted on, such as too few.
        """

    @abstractmethod
    def sample(
        self, count: int, seed: int, temperature: float = 1.0, labels: np.ndarray | None = None
    ) -> np.ndarray:
        """`count` draws of z, `(count, *shape)`: a function of these and of what was learned.

        temperature: scales standard deviations, or divides logits; 1 unless it `has_temperature`.
        labels: the class of each, `(count,)`, int32, if it is `conditional` and the run has a
            condition; else None.
        """

    @abstractmethod
    def state(self) -> Mapping[str, np.ndarray]:
        """What was learned, by name."""

    @abstractmethod
    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Take back what `state` gave, in another process or on another backend."""
