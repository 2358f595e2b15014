"""A run's model and arithmetic, from what was decided of it: the one way to build them."""

from __future__ import annotations

from typing import NamedTuple

import keras

from vaekit.config import TrainConfig
from vaekit.engine.program import Program
from vaekit.model import VAE, Built, Condition, Parts, build_vae
from vaekit.optimizer import build_optimizer
from vaekit.types import ImageShape


class Blueprint(NamedTuple):
    """What decides a VAE and its training before the first step.

    dataset_size: how many images it is, or was, trained on.
    compiled: whether torch compiles the training step; the other backends always do.
    classes: how many classes the labels are of, in a run with a condition.
    """

    config: TrainConfig
    parts: Parts
    image_shape: ImageShape
    dataset_size: int
    compiled: bool = False
    classes: int | None = None

    def build(self) -> Built:
        """The VAE at its start, and what each part's factory made.

        Raises `BuildError` if the parts don't fit.
        """
        return build_vae(
            self.parts,
            self.image_shape,
            latent_dim=self.config.latent_dim,
            seed=self.config.seed,
            precision=self.config.precision,
            condition=self._condition,
            unlabelled=self.config.label_fraction < 1,
        )

    @property
    def _condition(self) -> Condition | None:
        if self.config.condition is None:
            return None
        assert self.classes is not None
        return Condition(self.classes, self.config.condition_code)

    def program(
        self,
        built: Built | None = None,
        *,
        optimizer: keras.optimizers.Optimizer | None = None,
    ) -> Program:
        """The program of a run at its start.

        built: the VAE where there is one already; it keeps its weights.
        optimizer: another than the one that the config asks for.
        """
        vae, products = built or self.build()
        return Program(
            vae,
            products["loss"].loss,
            products["loss"].needs,
            optimizer or self._optimizer(vae),
            seed=self.config.seed,
            loss_name=self.parts["loss"].name,
            dataset_size=self.dataset_size,
            compiled=self.compiled,
            kernels=self.config.kernels or "fused",
            xla=bool(self.config.xla),
            augment=self.config.augment,
            redraws_pixels=self.config.binarize == "dynamic",
            slices=self.config.accumulate,
            remat=self.config.remat,
        )

    def _optimizer(self, vae: VAE) -> keras.optimizers.Optimizer:
        width = 0 if vae.condition is None else vae.condition.width
        parts = vae.parts
        return build_optimizer(
            self.config,
            self.dataset_size,
            latent_dim=vae.latent_dim + width,
            between=[variable.path for variable in (*parts["latent"], *parts["prior"])],
        )
