"""The values that parts, trainer and losses hand to each other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:  # every command imports this module, and few of them NumPy
    import numpy as np

    from vaekit.distributions import Posterior
    from vaekit.latent import Draw

Tensor = Any  # a tensor of whichever backend Keras runs on
ImageShape = tuple[int, int, int]  # height, width, channels


class VAEOutput(NamedTuple):
    """What a loss is given beside the batch `x` of shape `(B, H, W, C)` in [0, 1].

    reconstruction: `(B, H, W, C)`, on the scale that the loss asked for: means, logits, or the
        parameters of its likelihood, which may be more than C.
    posterior: q(z|x), of the type that the loss says it can use.
    z: the sample that was decoded, flat, `(B, latent_dim)`.
    schedule: the present value (a scalar) of each schedule that the loss declares.
    adversary: the network of the loss's adversary, to be called on tensors; None without one.
    dataset_size: how many images there are to train on.
    training: whether this is a training step: then the loss's own layers may be called in training
        mode, and what no gradient moves be assigned.
    draw: what the latent made of the batch.
    networks: the loss's networks by name, to be called on tensors.
    under: labels `(M, B)` -> what the VAE makes of the batch under them, M times over: an output
        of M * B images. None in a run without a condition.
    decode: flat z `(..., B, latent_dim)` -> reconstructions, on the loss's scale;
        `decode(z, training=False)` by the decoder at rest.
    seed: a `keras.random.SeedGenerator` for what the loss draws.
    labels: the class of each image, `(B,)`, -1 where it isn't known; None in a run without a
        condition.
    weights: each `keras.Variable` that training changes, by the part that they are of: "encoder",
        "latent", "prior" and "decoder".
    last_layer_gradient: `f`, of reconstructions -> the gradient of the sum of `f(reconstruction)`
        in the kernel of the decoder's last layer, for weights that balance terms by it; nothing is
        differentiated through it. It decodes z once more.

    A loss that asks for K > 1 samples gets `reconstruction` and `z` with a leading axis of K.
    """

    reconstruction: Tensor
    posterior: Posterior
    z: Tensor
    schedule: Mapping[str, Tensor] = {}
    adversary: Callable[[Tensor], Tensor] | None = None
    dataset_size: int = 0
    training: bool = False
    draw: Draw | None = None
    networks: Mapping[str, Callable[[Tensor], Any]] = {}
    decode: Callable[..., Tensor] | None = None
    seed: Any = None
    labels: Tensor | None = None
    under: Callable[[Tensor], VAEOutput] | None = None
    weights: Mapping[str, Sequence[Tensor]] = {}
    last_layer_gradient: Callable[[Callable[[Tensor], Tensor]], Tensor] | None = None

    @property
    def kl_by_unit(self) -> Tensor:
        """KL(q(z|x) || p(z)) by unit, `(B, U)`, in nats; see `vaekit.Draw`."""
        return self.posterior.kl_by_unit() if self.draw is None else self.draw.kl

    @property
    def kl(self) -> Tensor:
        """KL(q(z|x) || p(z)), `(B,)`, in nats."""
        from keras import ops

        return ops.sum(self.kl_by_unit, axis=-1)

    @property
    def log_ratio(self) -> Tensor | None:
        """Log q(z|x) - log p(z) at each z, `(B,)`, or `(K, B)`; None where there's no density."""
        return None if self.draw is None else self.draw.log_ratio

    @property
    def prior(self) -> Any:
        """p(z), of the type that the loss says it can use."""
        return None if self.draw is None else self.draw.prior

    def prior_draws(self) -> Tensor:
        """A draw of p(z) for each image, `(B, latent_dim)`; new ones at each call."""
        from keras import ops

        draws = self.prior.sample(self.seed)
        if len(draws.shape) == 2:  # a law for each image
            return draws
        return self.prior.sample(self.seed, (ops.shape(self.z)[-2],))


class Pixels(Protocol):
    """Pixels `(N, H, W, C)` as the kit holds them: uint8, or float32 in [0, 1].

    A NumPy array, or `vaekit.data.StoredPixels`, which reads those asked for from a file.
    """

    @property
    def shape(self) -> tuple[int, ...]:
        """`(N, H, W, C)`."""
        ...

    @property
    def dtype(self) -> np.dtype[Any]:
        """uint8 or float32."""
        ...

    def __len__(self) -> int: ...

    def __getitem__(self, which: Any, /) -> Any:
        """The array of one image, or of those of a slice or of indices."""
        ...

    def min(self) -> Any:
        """The smallest value."""
        ...

    def max(self) -> Any:
        """The largest value."""
        ...


class Images(NamedTuple):
    """Images of one split: `pixels` `(N, H, W, C)`, uint8 or float32 in [0, 1]; `labels` `(N,)`.

    Integer `labels` count from 0; None where the source has none.
    files: the path of each image's file within the source, `(N,)` texts; None where the images
    aren't files of their own.
    factors: what each image was drawn from, `(N, F)` whole numbers that count from 0, factor by
    factor; None where the source doesn't tell. A `Dataset` names them.
    """

    pixels: Pixels
    labels: np.ndarray | None = None
    files: np.ndarray | None = None
    factors: np.ndarray | None = None


def as_images(images: Images | Pixels) -> Images:
    """Images, of pixels that come without labels too."""
    return images if isinstance(images, Images) else Images(images)


class Dataset(NamedTuple):
    """A data source, read.

    source: the registered name, or the path as the user gave it.
    train: the images to train on.
    test: the source's own test set, None where it has none.
    classes: names of the labels, in order; None where the source names none.
    stored: how the source keeps its pixels, for people ("uint8, 0..255").
    scale: which value of each type stood for white, once the kit has scaled the pixels; leave it
    out of what you make.
    skipped: files that couldn't be read and were left out, with the reason of each.
    resized: how images came to the size asked for, for people; empty where they had it.
    factors: how many values each factor of `Images.factors` has, by its name, in the order of their
    columns; empty where the source doesn't tell them.
    """

    source: str
    train: Images
    test: Images | None = None
    classes: tuple[str, ...] | None = None
    stored: str = ""
    scale: Mapping[str, int] = {}
    skipped: Mapping[str, str] = {}
    resized: str = ""
    factors: Mapping[str, int] = {}


Factory = Callable[..., Any]
