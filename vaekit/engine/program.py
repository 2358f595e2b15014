"""One step's arithmetic, the same on every backend: from stored pixels to a loss and a row."""

from __future__ import annotations

import math
from collections.abc import Callable, Container, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import keras
from keras import ops

from vaekit.augmentation.pipeline import Augmentation
from vaekit.config import KernelChoice
from vaekit.distributions import Posterior
from vaekit.engine.columns import ADVERSARY_LOSS, LOSS, TOTALS, Columns, latent_sums
from vaekit.errors import BuildError
from vaekit.kernels import KERNELS, ActiveKernels
from vaekit.loss import Needs
from vaekit.model import VAE, seeded
from vaekit.pixels import as_float_tensor
from vaekit.types import Tensor, VAEOutput

# Names that the kit reports by itself; `kl` may be a loss's own term, if it is the KL.
_RESERVED = (
    *TOTALS,
    *("elbo", "mse", "psnr", "active_units", "kl_dim", "z_mean", "z_mean_squared"),
)


class Objective(NamedTuple):
    """Variables, and the optimizer that moves them down one loss."""

    variables: list[keras.Variable]
    optimizer: keras.optimizers.Optimizer


class Program:
    """A VAE, its loss and its optimizer as pure arithmetic over a list of variables.

    noise: random state of what training draws.
    eval_noise: the same for evaluation, apart, so that evaluating doesn't change training.
    terms: the names of what the loss is the sum of.
    objectives: the VAE's, and the adversary's where the loss has one.
    compiled: whether torch compiles the training step; the other backends always do.
    kernels: `fused` or `stock`; see `vaekit.kernels`.
    augment: names of `vaekit.augmentation`, by which training images are changed.
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
        dataset_size: int = 0,
        compiled: bool = False,
        kernels: KernelChoice = "fused",
        augment: Sequence[str] = (),
    ) -> None:
        self.vae = vae
        self.loss = loss
        self.needs = needs
        if vae.needs_loss_scaling:
            optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
        self.optimizer = optimizer
        self.dataset_size = dataset_size
        self.compiled = compiled
        self.kernels = ActiveKernels(KERNELS[keras.backend.backend()] if kernels == "fused" else ())
        self.noise = keras.random.SeedGenerator(seed, name="noise")
        self.eval_noise = keras.random.SeedGenerator(seed, name="eval_noise")
        self._augmentation = Augmentation(augment, vae.image_shape, seed)
        self._eval_start = ops.convert_to_numpy(self.eval_noise.state)
        self.objectives = [Objective(vae.trainable_variables, optimizer)]
        self._network = None
        if needs.adversary is not None:
            with seeded(seed):
                self._network = needs.adversary.build(vae.image_shape, vae.latent_dim)
            self.objectives.append(
                Objective(self._network.trainable_variables, needs.adversary.optimizer())
            )
        for objective in self.objectives:
            objective.optimizer.build(objective.variables)
        self.terms = self._checked_terms(loss_name)
        self.columns = self._layout(self._train_sums)
        self.eval_columns = self._layout(self._eval_sums)

    @property
    def state(self) -> list[keras.Variable]:
        """All variables: weights, random states, the optimizers'."""
        network = [] if self._network is None else self._network.variables
        tuned = [v for objective in self.objectives for v in objective.optimizer.variables]
        drawn = self._augmentation.state
        return [*self.vae.variables, self.noise.state, *network, *tuned, *drawn]

    def restart_evaluation(self) -> None:
        """Let the next evaluation draw what the last one drew."""
        self.eval_noise.state.assign(self._eval_start)

    def train_step(self, stored: Tensor) -> tuple[list[Tensor], Tensor]:
        """The loss of each objective, averaged over a batch, and the batch's row of sums.

        The losses are scaled as their optimizers ask. Moves batch norm and the noise.
        """
        sums = self._train_sums(stored)
        count = ops.cast(ops.shape(stored)[0], "float32")
        totals = [sums[name] for name in TOTALS if name in sums]
        # What a loss is scaled by, its optimizer divides the gradients by.
        losses = [
            objective.optimizer.scale_loss(total / count)
            for objective, total in zip(self.objectives, totals, strict=True)
        ]
        return losses, _row(sums)

    def eval_step(self, stored: Tensor) -> Tensor:
        """The row of sums of a batch, with batch norm at rest; has also `mse`."""
        return _row(self._eval_sums(stored))

    def _train_sums(self, stored: Tensor) -> dict[str, Tensor]:
        x = self._augmentation(as_float_tensor(stored))
        return self._sums(x, self._call(x, self.noise, training=True), self.noise)

    def _eval_sums(self, stored: Tensor) -> dict[str, Tensor]:
        x = as_float_tensor(stored)
        output = self._call(x, self.eval_noise, training=False)
        error = ops.square(x - self.vae.mean_of(output.reconstruction))
        if self.needs.samples > 1:
            error = ops.mean(error, axis=0)
        mse = ops.sum(ops.mean(error, axis=(-3, -2, -1)))
        return {**self._sums(x, output, self.eval_noise), "mse": mse}

    def _call(self, x: Tensor, noise: keras.random.SeedGenerator, *, training: bool) -> VAEOutput:
        step = self.optimizer.iterations
        schedule = {name: f(step) for name, f in self.needs.schedules.items()}
        output = self.vae(x, noise, training=training, samples=self.needs.samples)
        network = self._network and partial(self._network, training=training)
        return output._replace(schedule=schedule, adversary=network, dataset_size=self.dataset_size)

    def _sums(
        self, x: Tensor, output: VAEOutput, noise: keras.random.SeedGenerator
    ) -> dict[str, Tensor]:
        sums = _with_total(LOSS, self.loss(x, output))
        if self.needs.adversary is not None:
            sums |= _with_total(ADVERSARY_LOSS, self.needs.adversary(x, _at_rest(output), noise))
        kl_dim, kl = output.posterior.kl_by_unit(), output.posterior.kl()
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

    def _checked_terms(self, name: str) -> tuple[str, ...]:
        """The names of the loss's terms.

        Raises `BuildError` if it gives something else than named per-sample terms.
        """
        with keras.StatelessScope():
            x = self._blank()
            output = self._call(x, self.eval_noise, training=False)
            taken = {**dict.fromkeys(_RESERVED), **dict.fromkeys(self.needs.schedules)}
            terms = self.loss(x, output)
            _check(f"The loss {name!r}", terms, taken)
            if self.needs.adversary is not None:
                theirs = self.needs.adversary(x, _at_rest(output), self.eval_noise)
                _check(f"The adversary of the loss {name!r}", theirs, taken | dict(terms))
        return tuple(terms)


def _check(who: str, terms: Any, taken: Container[str]) -> None:
    if not isinstance(terms, Mapping) or not terms:
        raise BuildError(
            f"{who} must return {{name: tensor of shape (B,)}}; it gave a {type(terms).__name__}."
        )
    for key, term in terms.items():
        if key in taken:
            raise BuildError(f"{who} has a term {key!r}, which the kit reports by itself.")
        if tuple(getattr(term, "shape", ())) != (2,):
            raise BuildError(
                f"{who} must give one value an image, shape (B,); for a batch of 2 its term "
                f"{key!r} has {tuple(getattr(term, 'shape', ()))}."
            )


def _with_total(total: str, terms: Mapping[str, Tensor]) -> dict[str, Tensor]:
    sums = {name: ops.sum(term) for name, term in terms.items()}
    return {total: sum(sums.values()), **sums}


def _at_rest(output: VAEOutput) -> VAEOutput:
    """The output with its gradient stopped: what the adversary learns doesn't move the VAE."""
    return output._replace(
        reconstruction=ops.stop_gradient(output.reconstruction),
        posterior=Posterior(*(ops.stop_gradient(part) for part in output.posterior)),
        z=ops.stop_gradient(output.z),
    )


def _row(sums: dict[str, Tensor]) -> Tensor:
    return ops.concatenate([ops.reshape(ops.cast(s, "float32"), (-1,)) for s in sums.values()])
