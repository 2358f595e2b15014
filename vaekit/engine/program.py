"""One step's arithmetic, the same on every backend: from stored pixels to a loss and a row."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import ops

from vaekit.augmentation.pipeline import Augmentation
from vaekit.config import KernelChoice
from vaekit.distributions import Posterior
from vaekit.engine.columns import ADVERSARY_LOSS, LOSS, TOTALS, Columns, latent_sums
from vaekit.engine.loss_terms import RESERVED, check_terms
from vaekit.kernels import KERNELS, ActiveKernels
from vaekit.loss import Needs
from vaekit.model import VAE, LossVariables, VariablesUsed, refused_creation, seeded, variables_of
from vaekit.pixels import as_float_tensor
from vaekit.types import Tensor, VAEOutput


class Objective(NamedTuple):
    """Variables, and the optimizer that moves them down one loss."""

    variables: list[keras.Variable]
    optimizer: keras.optimizers.Optimizer


class Program:
    """A VAE, its loss and its optimizer as pure arithmetic over a list of variables.

    noise: random state of what training draws.
    eval_noise: the same for evaluation, apart, so that evaluating doesn't change training.
    objectives: the VAE's with the loss's own variables, and the adversary's where there is one.
    own: the loss's variables.
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
        self._network: Any = None
        with seeded(seed):
            if needs.adversary is not None:
                self._network = needs.adversary.build(vae.image_shape, vae.latent_dim)
            self.own = self._checked_loss(loss_name)
        self.objectives = [Objective([*vae.trainable_variables, *self.own.trainable], optimizer)]
        if needs.adversary is not None:
            self.objectives.append(
                Objective(self._network.trainable_variables, needs.adversary.optimizer())
            )
        for objective in self.objectives:
            objective.optimizer.build(objective.variables)
        self.columns, _ = self._layout(self._train_sums)
        self.eval_columns, assigned = self._layout(self._eval_sums)
        self._drawn = [v for v in self.own.variables if id(v) in assigned]

    @property
    def state(self) -> list[keras.Variable]:
        """All variables: weights, random states, the loss's own, the optimizers'."""
        tuned = [v for objective in self.objectives for v in objective.optimizer.variables]
        own = [*self.own.variables, *self._network_variables]
        return [*self.vae.variables, self.noise.state, *own, *tuned, *self._augmentation.state]

    @property
    def terms(self) -> tuple[str, ...]:
        """The names of what the loss is the sum of."""
        with keras.StatelessScope():
            x = self.blank()
            return tuple(self.loss(x, self._call(x, self.eval_noise, training=False)))

    def restart_evaluation(self) -> None:
        """Let the next evaluation draw what the last one drew."""
        self.eval_noise.state.assign(self._eval_start)

    @contextmanager
    def evaluating(self) -> Iterator[None]:
        """While entered, evaluation draws what it always does; then all variables are as before.

        A loss may have random states of its own.
        """
        self.restart_evaluation()
        before = [(variable, np.array(variable.numpy())) for variable in self._drawn]
        try:
            yield
        finally:
            for variable, value in before:
                variable.assign(value)

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

    def score_step(self, stored: Tensor) -> Tensor:
        """Values of each image of a batch, `(B, M)`, with batch norm at rest; see `score_names`."""
        values = self._eval_values(stored).values()
        return ops.stack([ops.cast(value, "float32") for value in values], axis=-1)

    @property
    def score_names(self) -> list[str]:
        """What `score_step` gives: losses, their terms, `kl`, `elbo` and `mse`, as evaluation."""
        with keras.StatelessScope():
            return list(self._eval_values(self.blank()))

    def training_pass(self, stored: Tensor) -> None:
        """What a training step calls, forward, in float32 as evaluation is; by evaluation's draws.

        Moves what training moves by no gradient: batch norm, random states of layers.
        """
        x = as_float_tensor(stored)
        output = self.vae.in_float32(x, self.eval_noise, training=True, samples=self.needs.samples)
        self._sums(x, self._completed(output, training=True), self.eval_noise)

    def _train_sums(self, stored: Tensor) -> dict[str, Tensor]:
        x = self._augmentation(as_float_tensor(stored))
        return self._sums(x, self._call(x, self.noise, training=True), self.noise)

    def _eval_sums(self, stored: Tensor) -> dict[str, Tensor]:
        x = as_float_tensor(stored)
        output = self._call(x, self.eval_noise, training=False)
        return {
            **self._sums(x, output, self.eval_noise),
            "mse": ops.sum(self._squared_error(x, output)),
        }

    def _eval_values(self, stored: Tensor) -> dict[str, Tensor]:
        x = as_float_tensor(stored)
        output = self._call(x, self.eval_noise, training=False)
        values: dict[str, Tensor] = {}
        for total, terms in self._terms(x, output, self.eval_noise).items():
            values |= {total: sum(terms.values()), **terms}
        for name, value in self._bound(x, output).items():
            values.setdefault(name, value)
        return {**values, "mse": self._squared_error(x, output)}

    def _squared_error(self, x: Tensor, output: VAEOutput) -> Tensor:
        """The mean over pixels and channels, of each image `(B,)`."""
        error = ops.square(x - self.vae.mean_of(output.reconstruction))
        if self.needs.samples > 1:
            error = ops.mean(error, axis=0)
        return ops.mean(error, axis=(-3, -2, -1))

    def _call(self, x: Tensor, noise: keras.random.SeedGenerator, *, training: bool) -> VAEOutput:
        output = self.vae(x, noise, training=training, samples=self.needs.samples)
        return self._completed(output, training=training)

    def _completed(self, output: VAEOutput, *, training: bool) -> VAEOutput:
        """With what a loss is given beside that which the VAE makes of images."""
        step = self.optimizer.iterations
        schedule = {name: f(step) for name, f in self.needs.schedules.items()}
        network = self._network and partial(self._network, training=training)
        return output._replace(
            schedule=schedule,
            adversary=network,
            dataset_size=self.dataset_size,
            training=training,
        )

    def _sums(
        self, x: Tensor, output: VAEOutput, noise: keras.random.SeedGenerator
    ) -> dict[str, Tensor]:
        sums: dict[str, Tensor] = {}
        for total, terms in self._terms(x, output, noise).items():
            sums |= _with_total(total, terms)
        for name, value in self._bound(x, output).items():
            sums.setdefault(name, ops.sum(value))
        count = ops.cast(ops.shape(x)[0], "float32")
        sums.update({name: value * count for name, value in output.schedule.items()})
        return {**sums, **latent_sums(output.posterior.z_mean, output.posterior.kl_by_unit())}

    def _terms(
        self, x: Tensor, output: VAEOutput, noise: keras.random.SeedGenerator
    ) -> dict[str, Mapping[str, Tensor]]:
        """The terms of each objective, `(B,)` each, by the name of their total."""
        terms = {LOSS: self.loss(x, output)}
        if self.needs.adversary is not None:
            terms[ADVERSARY_LOSS] = self.needs.adversary(x, _at_rest(output), noise)
        return terms

    def _bound(self, x: Tensor, output: VAEOutput) -> dict[str, Tensor]:
        """`kl` and, where the loss declares a likelihood, `elbo` of each image, in nats."""
        kl = output.posterior.kl()
        if self.needs.likelihood is None:
            return {"kl": kl}
        log_prob = self.needs.likelihood.log_prob(x, output.reconstruction)
        if self.needs.samples > 1:
            log_prob = ops.mean(log_prob, axis=0)
        return {"kl": kl, "elbo": log_prob - kl}

    def _layout(
        self, sums_of: Callable[[Tensor], dict[str, Tensor]]
    ) -> tuple[Columns, Collection[int]]:
        """Names and widths of a row, from a batch whose effects are thrown away.

        With them come the ids of the variables that it would have changed.
        """
        with keras.StatelessScope() as scope:
            sums = sums_of(self.blank())
        widths = tuple(math.prod(value.shape) for value in sums.values())
        return Columns(tuple(sums), widths), scope.state_mapping.keys()

    def blank(self) -> Tensor:
        """Two black images, to see what becomes of any."""
        return ops.zeros((2, *self.vae.image_shape), dtype="float32")

    @property
    def _network_variables(self) -> list[keras.Variable]:
        return [] if self._network is None else self._network.variables

    def _checked_loss(self, name: str) -> LossVariables:
        """The loss's own variables, its layers built by a batch whose effects are thrown away.

        Raises `BuildError` if the loss gives something else than named per-sample terms, or uses a
        variable that it doesn't hold.
        """
        with VariablesUsed() as first:
            x = self.blank()
            output = self._call(x, self.eval_noise, training=False)
            for training in (False, True):
                self._check_terms(name, x, output._replace(training=training))
        adversary, likelihood = self.needs.adversary, self.needs.likelihood
        others = [adversary, *self._network_variables, *self.vae.variables]
        own = variables_of(self.loss, likelihood, but=others)
        with VariablesUsed() as again:
            for training in (False, True):
                self._check_terms(name, x, output._replace(training=training))
            if likelihood is not None:
                likelihood.log_prob(x, output.reconstruction)
        held = [*own.variables, *self._network_variables, self.eval_noise.state]
        again.refuse_others(f"The loss {name!r}", held, first)
        return own

    def _check_terms(self, name: str, x: Tensor, output: VAEOutput) -> None:
        taken = {**dict.fromkeys(RESERVED), **dict.fromkeys(self.needs.schedules)}
        who = f"The loss {name!r}"
        with refused_creation(who):
            terms = self.loss(x, output)
            check_terms(who, terms, taken)
            if self.needs.adversary is not None:
                others = self.needs.adversary(x, _at_rest(output), self.eval_noise)
                check_terms(f"The adversary of the loss {name!r}", others, taken | terms)


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
