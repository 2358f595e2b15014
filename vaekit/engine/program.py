"""One step's arithmetic, the same on every backend: from stored pixels to a loss and a row."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import keras
from keras import ops

from vaekit.distributions import kl_standard_normal
from vaekit.engine.columns import Columns, latent_sums
from vaekit.errors import BuildError
from vaekit.loss import Needs
from vaekit.model import VAE
from vaekit.types import Tensor, VAEOutput

# Names that the kit reports by itself; `kl` may be a loss's own term, if it is the KL.
_RESERVED = {"loss", "elbo", "mse", "psnr", "active_units", "kl_dim", "z_mean", "z_mean_squared"}


class Program:
    """A VAE, its loss and its optimizer as pure arithmetic over a list of variables.

    noise: random state of the draws of z in training.
    eval_noise: the same for evaluation, apart, so that evaluating doesn't change training.
    """

    def __init__(
        self,
        vae: VAE,
        loss: Any,
        needs: Needs,
        optimizer: keras.optimizers.Optimizer,
        *,
        seed: int,
        loss_name: str = "",
    ) -> None:
        self.vae = vae
        self.loss = loss
        self.needs = needs
        self.optimizer = optimizer
        self.seed = seed
        self.noise = keras.random.SeedGenerator(seed, name="noise")
        self.eval_noise = keras.random.SeedGenerator(seed, name="eval_noise")
        self._eval_start = ops.convert_to_numpy(self.eval_noise.state)
        optimizer.build(vae.trainable_variables)
        self._check_terms(loss_name)
        self.columns = self._layout(self._train_sums)
        self.eval_columns = self._layout(self._eval_sums)

    @property
    def trainable(self) -> list[keras.Variable]:
        """The variables that the gradient is taken of."""
        return self.vae.trainable_variables

    @property
    def state(self) -> list[keras.Variable]:
        """All variables: weights, layers' random states, the optimizer's and the noise's."""
        return [*self.vae.variables, self.noise.state, *self.optimizer.variables]

    def restart_evaluation(self) -> None:
        """Let the next evaluation draw what the last one drew."""
        self.eval_noise.state.assign(self._eval_start)

    def train_step(self, stored: Tensor) -> tuple[Tensor, Tensor]:
        """The loss of a batch, averaged, and its row of sums. Moves batch norm and the noise."""
        sums = self._train_sums(stored)
        return sums["loss"] / ops.cast(ops.shape(stored)[0], "float32"), _row(sums)

    def eval_step(self, stored: Tensor) -> Tensor:
        """The row of sums of a batch, with batch norm at rest; has also `mse`."""
        return _row(self._eval_sums(stored))

    def _train_sums(self, stored: Tensor) -> dict[str, Tensor]:
        x = pixels(stored)
        return self._sums(x, self._call(x, self.noise, training=True))

    def _eval_sums(self, stored: Tensor) -> dict[str, Tensor]:
        x = pixels(stored)
        output = self._call(x, self.eval_noise, training=False)
        error = ops.square(x - self.vae.mean_of(output.reconstruction))
        if self.needs.samples > 1:
            error = ops.mean(error, axis=0)
        return {**self._sums(x, output), "mse": ops.sum(ops.mean(error, axis=(-3, -2, -1)))}

    def _call(self, x: Tensor, noise: keras.random.SeedGenerator, *, training: bool) -> VAEOutput:
        step = self.optimizer.iterations
        schedule = {name: f(step) for name, f in self.needs.schedules.items()}
        return self.vae(x, noise, training=training, samples=self.needs.samples, schedule=schedule)

    def _sums(self, x: Tensor, output: VAEOutput) -> dict[str, Tensor]:
        terms = self.loss(x, output)
        sums = {name: ops.sum(term) for name, term in terms.items()}
        sums = {"loss": sum(sums.values()), **sums}
        kl_dim = kl_standard_normal(output.posterior)
        kl = ops.sum(kl_dim, axis=-1)
        sums.setdefault("kl", ops.sum(kl))
        if self.needs.likelihood is not None:
            log_prob = self.needs.likelihood.log_prob(x, output.reconstruction)
            if self.needs.samples > 1:
                log_prob = ops.mean(log_prob, axis=0)
            sums["elbo"] = ops.sum(log_prob - kl)
        count = ops.cast(ops.shape(x)[0], "float32")
        sums.update({name: value * count for name, value in output.schedule.items()})
        return {**sums, **latent_sums(output.posterior.z_mean, kl_dim)}

    def _layout(self, sums_of: Callable[[Tensor], dict[str, Tensor]]) -> Columns:
        """Names and widths of a row, from a batch whose effects are thrown away."""
        with keras.StatelessScope():
            sums = sums_of(self._blank())
        return Columns(tuple(sums), tuple(math.prod(value.shape) for value in sums.values()))

    def _blank(self) -> Tensor:
        return ops.zeros((2, *self.vae.image_shape), dtype="float32")

    def _check_terms(self, name: str) -> None:
        """Raise `BuildError` if the loss gives something else than named per-sample terms."""
        with keras.StatelessScope():
            x = self._blank()
            terms = self.loss(x, self._call(x, self.eval_noise, training=False))
        if not isinstance(terms, Mapping) or not terms:
            raise BuildError(
                f"The loss {name!r} must return {{name: tensor of shape (B,)}}; it gave a "
                f"{type(terms).__name__}."
            )
        for key, term in terms.items():
            if key in _RESERVED:
                raise BuildError(f"The loss {name!r} has a term {key!r}, which the kit reports.")
            if tuple(getattr(term, "shape", ())) != (2,):
                raise BuildError(
                    f"The term {key!r} of the loss {name!r} must have one value an image, shape "
                    f"(B,); for a batch of 2 it has {tuple(getattr(term, 'shape', ()))}."
                )


def pixels(stored: Tensor) -> Tensor:
    """Pixels as the net takes them: float32 in [0, 1], from uint8 or from what already is."""
    if keras.backend.standardize_dtype(stored.dtype) == "uint8":
        return ops.cast(stored, "float32") / 255.0
    return stored


def _row(sums: dict[str, Tensor]) -> Tensor:
    return ops.concatenate([ops.reshape(ops.cast(s, "float32"), (-1,)) for s in sums.values()])
