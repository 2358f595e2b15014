"""One step's arithmetic, the same on every backend: from stored pixels to a loss and a row."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import keras
import numpy as np
from keras import ops

from vaekit.augmentation.pipeline import Augmentation
from vaekit.config import KernelChoice
from vaekit.engine.columns import KL_DIM, Columns
from vaekit.engine.dynamic_binarization import DynamicBinarization
from vaekit.engine.loss_terms import LossTerms
from vaekit.engine.objectives import make_objectives
from vaekit.engine.remat import Remat
from vaekit.errors import BuildError
from vaekit.kernels import ActiveKernels, usable_kernels
from vaekit.latent import Draw, Parameters
from vaekit.loss import ADVERSARY, CLASSIFIER, Needs
from vaekit.model import VAE, VariablesUsed, seeded
from vaekit.pixels import as_float_tensor
from vaekit.types import Tensor, VAEOutput

# A batch: stored pixels `(B, H, W, C)`; with a condition, those and labels `(B,)`.
Batch = Tensor | tuple[Tensor, Tensor]


class Program:
    """A VAE, its loss and its optimizer as pure arithmetic over a list of variables.

    noise: random state of what training draws.
    eval_noise: the same for evaluation, apart, so that evaluating doesn't change training.
    objectives: those of the loss's players; the first has the loss's own variables, too.
    own: the loss's variables.
    assigned: variables that a training step sets from its batch by no gradient, as batch norm's.
    compiled: whether torch compiles the training step; the other backends always do.
    kernels: `fused` or `stock`; see `vaekit.kernels`.
    xla: whether XLA compiles the training step on TensorFlow; on JAX it always does.
    augment: names of `vaekit.augmentation`, by which training images are changed.
    redraws_pixels: whether each step draws training images in black and white.
    drawn: random states of the loss's own, which evaluation moves.
    moved: all that a training step sets by no gradient: `assigned`, random states, counts.
    remat: whether training keeps little of the nets' way forward; see `vaekit.engine.remat`.
    slices: into how many equal slices training cuts a batch; see `vaekit.engine.slices`.
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
        xla: bool = False,
        augment: Sequence[str] = (),
        redraws_pixels: bool = False,
        slices: int = 1,
        remat: bool = False,
    ) -> None:
        self.vae = vae
        if remat:
            vae.call_in_training_by(Remat(vae.likelihood_decoder, vae.in_training_precision))
        self.loss = loss
        self.needs = needs
        self.dataset_size = dataset_size
        self.compiled = compiled
        self.xla = xla
        self.slices, self.remat = slices, remat
        fused = usable_kernels(keras.backend.backend()) if kernels == "fused" else ()
        self.kernels = ActiveKernels(fused)
        self.noise = keras.random.SeedGenerator(seed, name="noise")
        self.eval_noise = keras.random.SeedGenerator(seed, name="eval_noise")
        self._augmentation = Augmentation(augment, vae.image_shape, seed)
        self._binarization = DynamicBinarization(seed) if redraws_pixels else None
        self._eval_start = ops.convert_to_numpy(self.eval_noise.state)
        self.networks: dict[str, keras.Model] = {}
        with seeded(seed):
            classes = None if vae.condition is None else vae.condition.classes
            self.networks = needs.built_networks(vae.image_shape, vae.latent_dim, classes)
            # Schedules go by the steps of it; which optimizers there are hangs on the terms.
            self.optimizer = optimizer
            self._terms = LossTerms(loss, needs, loss_name)
            others = [*vae.variables, *self._network_variables]
            self.own = self._terms.checked(
                lambda: self._evaluated(self.blank()), others, self.eval_noise
            )
        with keras.StatelessScope():
            x, output = self._evaluated(self.blank())
            terms = self._terms.names(x, output, self.eval_noise)
        assert output.draw is not None
        self._reported = tuple(output.draw.report)
        self.objectives = make_objectives(
            needs,
            {**vae.parts, **{n: m.trainable_variables for n, m in self.networks.items()}},
            [*vae.trainable_variables, *self._network_variables],
            self.own.trainable,
            terms,
            optimizer,
            loss_scaling=vae.needs_loss_scaling,
            loss_name=loss_name,
        )
        self.optimizer = self.objectives[0].optimizer
        self.columns, trained = self._layout(self._train_sums)
        self.eval_columns, assigned = self._layout(self._eval_sums)
        self.drawn = self._drawn_of(assigned)
        self.moved = [v for v in self.state if id(v) in trained]
        self.assigned = [
            v for v in self.moved if "float" in keras.backend.standardize_dtype(v.dtype)
        ]

    @property
    def state(self) -> list[keras.Variable]:
        """All variables: weights, random states, the loss's own, the optimizers'."""
        tuned = [v for objective in self.objectives for v in objective.optimizer.variables]
        own = [*self.own.variables, *self._network_variables]
        changes = [*self._augmentation.state]
        if self._binarization is not None:
            changes += self._binarization.state
        return [*self.vae.variables, self.noise.state, *own, *tuned, *changes]

    @property
    def terms(self) -> tuple[str, ...]:
        """The names of what the loss is the sum of."""
        return tuple(self.objectives[0].terms)

    def restart_evaluation(self) -> None:
        """Let the next evaluation draw what the last one drew."""
        self.eval_noise.state.assign(self._eval_start)

    @contextmanager
    def evaluating(self) -> Iterator[None]:
        """While entered, evaluation draws what it always does; then all variables are as before.

        A loss may have random states of its own.
        """
        self.restart_evaluation()
        before = [(variable, np.array(variable.numpy())) for variable in self.drawn]
        try:
            yield
        finally:
            for variable, value in before:
                variable.assign(value)

    def train_step(self, batch: Batch) -> tuple[list[Tensor], Tensor]:
        """The loss of each objective, averaged over a batch, and the batch's row of sums.

        The losses are scaled as their optimizers ask. Moves batch norm and the noise.
        """
        sums = self._train_sums(batch)
        count = ops.cast(ops.shape(_split(batch)[0])[0], "float32")
        # What a loss is scaled by, its optimizer divides the gradients by.
        losses = [
            objective.optimizer.scale_loss(sums[objective.total] / count)
            for objective in self.objectives
        ]
        return losses, _row(sums)

    def eval_step(self, batch: Batch) -> Tensor:
        """The row of sums of a batch, with batch norm at rest; has also `mse`."""
        return _row(self._eval_sums(batch))

    def score_step(self, batch: Batch) -> Tensor:
        """Values of each image of a batch, `(B, M)`, with batch norm at rest; see `score_names`."""
        values = self._eval_values(batch).values()
        return ops.stack([ops.cast(value, "float32") for value in values], axis=-1)

    @property
    def score_names(self) -> list[str]:
        """What `score_step` gives: losses, their terms, `kl`, `elbo` and `mse`, as evaluation."""
        with keras.StatelessScope():
            return list(self._eval_values(self.blank()))

    def training_pass(self, batch: Batch) -> None:
        """What a training step calls, forward, in float32 as evaluation is; by evaluation's draws.

        Moves what training moves by no gradient: batch norm, random states of layers.
        """
        stored, labels = _split(batch)
        x = as_float_tensor(stored)
        if self._binarization is not None:
            x = self._binarization(x, self.eval_noise)
        asked = self._asked(x, labels)
        output = self.vae.in_float32(x, self.eval_noise, training=True, **asked)
        self._terms(x, self._completed(output, labels), self.eval_noise)

    def at_rest(
        self,
        x: Tensor,
        labels: Tensor | None,
        noise: keras.random.SeedGenerator,
        samples: int,
        parameters: Parameters | None = None,
    ) -> VAEOutput:
        """What the VAE makes of images in [0, 1], for so many draws an image, as a loss gets it."""
        asked = {**self._asked(x, labels), "samples": samples, "parameters": parameters}
        return self._completed(self.vae(x, noise, training=False, **asked), labels)

    def parameters_at_rest(self, x: Tensor, labels: Tensor | None) -> Parameters:
        """The parameters of the posteriors of images in [0, 1]."""
        return self.vae.parameters_of(x, self._all_labelled(x, labels), training=False)

    def _train_sums(self, batch: Batch) -> dict[str, Tensor]:
        stored, labels = _split(batch)
        x = self._augmentation(as_float_tensor(stored))
        if self._binarization is not None:
            x = self._binarization(x)
        return self._sums(x, self._call(x, labels, self.noise, training=True), self.noise)

    def _eval_sums(self, batch: Batch) -> dict[str, Tensor]:
        x, output = self._evaluated(batch)
        return {
            **self._sums(x, output, self.eval_noise),
            "mse": ops.sum(self._squared_error(x, output)),
        }

    def _eval_values(self, batch: Batch) -> dict[str, Tensor]:
        x, output = self._evaluated(batch)
        terms = self._terms(x, output, self.eval_noise)
        values: dict[str, Tensor] = {}
        for objective in self.objectives:
            values[objective.total] = objective.sum(terms)
            values |= {name: terms[name] for name in objective.terms if name not in values}
        for name, value in {**terms, **self._terms.bound(x, output)}.items():
            values.setdefault(name, value)
        return {**values, "mse": self._squared_error(x, output)}

    def _evaluated(self, batch: Batch) -> tuple[Tensor, VAEOutput]:
        stored, labels = _split(batch)
        x = as_float_tensor(stored)
        return x, self._call(x, labels, self.eval_noise, training=False)

    def _squared_error(self, x: Tensor, output: VAEOutput) -> Tensor:
        """The mean over pixels and channels, of each image `(B,)`."""
        error = ops.square(x - self.vae.mean_of(output.reconstruction))
        if self.needs.samples > 1:
            error = ops.mean(error, axis=0)
        return ops.mean(error, axis=(-3, -2, -1))

    def _call(
        self,
        x: Tensor,
        labels: Tensor | None,
        noise: keras.random.SeedGenerator,
        *,
        training: bool,
    ) -> VAEOutput:
        output = self.vae(x, noise, training=training, **self._asked(x, labels))
        return self._completed(output, labels)

    def _asked(self, x: Tensor, labels: Tensor | None) -> dict[str, Any]:
        """What the loss asks of the VAE, and a label for each image."""
        return {
            "samples": self.needs.samples,
            "likelihood": self.needs.likelihood,
            "labels": self._all_labelled(x, labels),
        }

    def _all_labelled(self, x: Tensor, labels: Tensor | None) -> Tensor | None:
        """Labels, with the classifier's own in the place of those that aren't known."""
        classifier = self.networks.get(CLASSIFIER)
        if labels is None or classifier is None:
            return labels
        likeliest = ops.argmax(classifier(x, training=False), axis=-1)
        return ops.where(labels < 0, ops.cast(likeliest, "int32"), labels)

    def _completed(self, output: VAEOutput, labels: Tensor | None) -> VAEOutput:
        """With what a loss is given beside that which the VAE makes of images.

        labels: as they came, unknown ones among them.
        """
        step = self.optimizer.iterations
        networks = {
            name: partial(network, training=output.training)
            for name, network in self.networks.items()
        }
        return output._replace(
            schedule={name: f(step) for name, f in self.needs.schedules.items()},
            adversary=networks.get(ADVERSARY),
            networks=networks,
            dataset_size=self.dataset_size,
            labels=labels,
        )

    def _sums(
        self, x: Tensor, output: VAEOutput, noise: keras.random.SeedGenerator
    ) -> dict[str, Tensor]:
        terms = {k: ops.sum(v) for k, v in self._terms(x, output, noise).items()}
        sums: dict[str, Tensor] = {}
        for objective in self.objectives:
            sums[objective.total] = objective.sum(terms)
            sums |= {name: terms[name] for name in objective.terms if name not in sums}
        sums |= {name: term for name, term in terms.items() if name not in sums}
        for name, value in self._terms.bound(x, output).items():
            sums.setdefault(name, ops.sum(value))
        count = ops.cast(ops.shape(x)[0], "float32")
        sums.update({name: value * count for name, value in output.schedule.items()})
        draw = output.draw
        assert draw is not None
        if self._has_units(draw):
            sums[KL_DIM] = ops.sum(draw.kl, axis=0)
        for name, value in draw.report.items():
            if name in sums:
                raise BuildError(
                    f"The latent reports {name!r}, and so does the kit or the loss: give what the "
                    "latent reports another name."
                )
            sums[name] = ops.sum(value, axis=0)
        return sums

    def _has_units(self, draw: Draw) -> bool:
        """Whether the KL is told by unit: one unit of several values of z is the whole again.

        Without densities it is 0, or the same for all images.
        """
        units = draw.kl.shape[-1]
        return draw.log_ratio is not None and (units > 1 or self.vae.latent_dim == 1)

    def _layout(
        self, sums_of: Callable[[Tensor], dict[str, Tensor]]
    ) -> tuple[Columns, Collection[int]]:
        """Names and widths of a row, from a batch whose effects are thrown away.

        With them come the ids of the variables that it would have changed. Raises `BuildError` if
        the latent or the prior uses a variable that it doesn't hold; the loss's were looked at.
        """
        with VariablesUsed() as scope:
            sums = sums_of(self.blank())
        held = [*self.state, self.eval_noise.state]
        if scope.others(held):
            with VariablesUsed() as again:
                sums_of(self.blank())
            again.refuse_others("The latent or the prior", held, scope)
        widths = tuple(math.prod(value.shape) for value in sums.values())
        totals = tuple(objective.total for objective in self.objectives)
        summarise = self.vae.latent.summary
        columns = Columns(tuple(sums), widths, totals, self._reported, summarise)
        return columns, scope.state_mapping.keys()

    def blank(self) -> Batch:
        """Two black images, to see what becomes of any; with a condition, of the first class."""
        images = ops.zeros((2, *self.vae.image_shape), dtype="float32")
        return images if self.vae.condition is None else (images, ops.zeros((2,), "int32"))

    @property
    def _network_variables(self) -> list[keras.Variable]:
        return [v for network in self.networks.values() for v in network.variables]

    def _drawn_of(self, assigned: Collection[int]) -> list[keras.Variable]:
        """What evaluation assigns, and is to be as it was: the loss's random states.

        Raises `BuildError` if it would change the model.
        """
        for variable in self.vae.variables:
            if id(variable) in assigned:
                raise BuildError(
                    f"Evaluating images would change the variable {variable.path!r} of the model. "
                    "A latent and a prior may assign variables only where `given.training`, and "
                    "draw by `given.seed`."
                )
        return [v for v in self.own.variables if id(v) in assigned]


def _split(batch: Batch) -> tuple[Tensor, Tensor | None]:
    """Stored pixels, and labels where there are some."""
    return batch if isinstance(batch, tuple) else (batch, None)


def _row(sums: dict[str, Tensor]) -> Tensor:
    return ops.concatenate([ops.reshape(ops.cast(s, "float32"), (-1,)) for s in sums.values()])
