"""What measures a trained model: metrics, which are asked once the weights are at rest.

A metric is no part of the model: nothing of it is trained with it, and a run may be measured by any
number of them, at its end, every few epochs, or years later.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

from vaekit.sampler import LatentSpace
from vaekit.types import Images, ImageShape, Tensor, VAEOutput

if TYPE_CHECKING:
    import numpy as np

    from vaekit.distributions import Likelihood

Direction = Literal["higher", "lower", ""]

# What the kit itself reports of every run, with the unit and the better way; neither is of `kl`.
REPORTED: dict[str, tuple[str, Direction]] = {
    "elbo": ("nats", "higher"),
    "loss": ("", "lower"),
    "mse": ("", "lower"),
    "psnr": ("dB", "higher"),
    "kl": ("nats", ""),
}

# (x `(B, H, W, C)` in [0, 1], labels `(B,)` or None, a `keras.random.SeedGenerator`) -> tensors
# `(B, ...)` by name. B is a number when it is called. On JAX no loop of the backend's may change
# the generator, unless its state goes round with the loop's.
ImageFunction = Callable[[Tensor, Tensor | None, Any], Mapping[str, Tensor]]


class Estimate(NamedTuple):
    """One number that a metric gives, and how far it can be trusted.

    value: the number; or one for each latent, group, class, ... of the model.
    unit: `nats`, `dB`, `images`, ...; empty for a ratio or a score.
    better: which way is better, `higher` or `lower`; empty where neither is.
    error: the standard error of `value` where it is estimated from a sample; None where it is exact
        for these images.
    estimator: how it was estimated, in a few words that can be searched for, with what it hangs on:
        `importance sampling, K = 5000`.
    note: what must be read beside the number, as a sentence: that an estimate hasn't converged.
    """

    value: float | Sequence[float]
    unit: str = ""
    better: Direction = ""
    error: float | None = None
    estimator: str = ""
    note: str = ""

    @classmethod
    def mean(
        cls,
        values: np.ndarray,
        unit: str = "",
        better: Direction = "",
        estimator: str = "",
        note: str = "",
    ) -> Estimate:
        """The mean of independent values `(N,)`, with its standard error s / sqrt(N).

        s^2 is the unbiased variance; one value alone has no error.
        """
        import numpy as np

        values = np.asarray(values, "float64")
        error = None
        if len(values) > 1:
            error = float(values.std(ddof=1) / np.sqrt(len(values)))
        return cls(float(values.mean()), unit, better, error, estimator, note)


class TrainedModel(Protocol):
    """A trained model as metrics see it, its weights at rest.

    latent_space: where z lies, and the laws over it.
    likelihood: the p(x|z) of the run's loss, on the scale of reconstructions; None where it has
        none.
    density: whether posterior and prior have densities, so that `log_ratio` is told.
    classes: how many the labels are of, in a run with a condition; else None.
    sampled_by: what `sample` draws by, the name of a fitted sampler or `prior`; None where nothing
        can be drawn.
    """

    image_shape: ImageShape
    latent_space: LatentSpace
    likelihood: Likelihood | None
    classes: int | None
    sampled_by: str | None

    @property
    def density(self) -> bool: ...

    def score(self, images: Images) -> Mapping[str, np.ndarray]:
        """Each image's loss terms, `loss`, `kl`, `elbo` where there is one, and `mse`: `(N,)`."""
        ...

    def posterior(self, images: Images) -> Mapping[str, np.ndarray]:
        """What the latent tells of each image, by name: of the default `z_mean`, `z_log_var`."""
        ...

    def points(self, images: Images) -> np.ndarray:
        """The z that stands for each image, `(N, *latent_shape)`."""
        ...

    def decode(self, z: np.ndarray, labels: np.ndarray | None = None) -> np.ndarray:
        """Images `(N, H, W, C)`, as means in [0, 1], of z `(N, *latent_shape)`."""
        ...

    def sample(self, count: int, seed: int, labels: np.ndarray | None = None) -> np.ndarray:
        """Images `(count, H, W, C)`, as means in [0, 1], of z that `sampled_by` draws.

        labels: the class of each, in a run with a condition; None takes the classes in turn.

        Raises `vaekit.UserError` where nothing can be drawn.
        """
        ...

    def over(
        self,
        f: ImageFunction,
        images: Images,
        *,
        batch: int | None = None,
        seed: int = 0,
        done: Callable[[int], None] = lambda images: None,
    ) -> Mapping[str, np.ndarray]:
        """What a function gives of each image, `(N, ...)` by name, compiled by the backend.

        f: may call `parameters`, `infer`, `log_likelihood` and `log_prior` of this model, and
            `vaekit.autodiff`.
        batch: how many images at a time, the last ones filled up; None: as many as evaluation
            takes. One that draws K z an image at once takes K times the memory: ask for fewer.
        seed: of the generator. The same seed draws the same, whatever was drawn before.
        done: is called with how many more images are through.
        """
        ...

    def over_repeats(
        self,
        f: ImageFunction,
        images: Images,
        repeats: int,
        *,
        batch: int | None = None,
        seed: int = 0,
        done: Callable[[int], None] = lambda images: None,
    ) -> Mapping[str, np.ndarray]:
        """`over`, so many times, each with other draws: `(repeats, N, ...)` by name.

        Many draws of each image go so at the memory of a few, compiled once: 5,000 as 100 times
        the log-mean-exp of 50. `done` is told of each image as often as it comes.
        """
        ...

    def parameters(self, x: Tensor, labels: Tensor | None) -> Mapping[str, Tensor]:
        """The parameters of a batch's posteriors, by name, `(B, ...)`; the encoder is at rest."""
        ...

    def infer(
        self,
        x: Tensor,
        labels: Tensor | None,
        seed: Any,
        samples: int = 1,
        parameters: Mapping[str, Tensor] | None = None,
    ) -> VAEOutput:
        """What the VAE makes of a batch, at rest; a leading axis of K for `samples` of K > 1.

        parameters: of the batch's posteriors; None: those that the encoder gives.
        """
        ...

    def log_likelihood(self, x: Tensor, z: Tensor, labels: Tensor | None) -> Tensor:
        """Log p(x|z), `(..., B)` nats, of flat z `(..., B, D)`; needs `likelihood`."""
        ...

    def log_prior(self, z: Tensor, labels: Tensor | None) -> Tensor:
        """Log p(z), `(..., B)` nats, of flat z `(..., B, D)`; needs `density`."""
        ...


class Measurement(NamedTuple):
    """What a metric is given.

    model: the trained model.
    images: those to measure on: the test set, or the validation share.
    training: gives the images that the model was trained on.
    against: images of another source, in the model's shape and scale; None unless one was named.
    classes: names of the labels, in order; None where the source names none.
    factors: how many values each factor of `images.factors` has, by its name.
    seed: what is drawn at random is drawn by it.
    progress: `progress(text, total)` begins to tell how far it is, with the time left; what it
        gives is called with how many more are done.
    """

    model: TrainedModel
    images: Images
    training: Callable[[], Images]
    against: Images | None = None
    classes: tuple[str, ...] | None = None
    factors: Mapping[str, int] = {}
    seed: int = 0
    progress: Callable[[str, int], Callable[[int], None]] = lambda text, total: lambda done: None


Need = Literal[
    "labels", "factors", "likelihood", "density", "free-parameters", "samples", "against"
]


class Metric(ABC):
    """What gives named numbers of a trained model.

    It is a function of the model, the images, its options and the seed: asked twice, it says the
    same.

    needs: what it can't do without, and is refused without, before anything is computed:
        `labels` of the images, their `factors`, a `likelihood` p(x|z), a `density` of posterior and
        prior, `free-parameters` of the posterior, `samples` that can be drawn, images of another
        source to hold `against`.
    supports: the supports of latents that it serves; None for any.
    vector: whether it needs z as a vector, of which each value means something alone.
    fewest: how many images it needs at least.
    """

    needs: tuple[Need, ...] = ()
    supports: tuple[str, ...] | None = None
    vector: bool = False
    fewest: int = 1

    @abstractmethod
    def __call__(self, measurement: Measurement) -> Mapping[str, Estimate]:
        """The numbers, by name: lower case, words joined by `_`.

        Raises `vaekit.UserError` for images or a model that it can't measure.
        """
