"""What a diagnosis goes by: how a training went, what its parts declare, and a look at the rest."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from vaekit.config import TrainConfig
from vaekit.diagnosis.likelihood_scale import gaussian_variance
from vaekit.diagnosis.look import Look
from vaekit.latent import Latent
from vaekit.loss import Needs
from vaekit.options import Option
from vaekit.recipes import RECIPES
from vaekit.types import ImageShape

# Nats of KL below which a unit tells nothing of the image: Lucas et al., arXiv:1911.02469.
DEAD = 0.01
# The same where the KL weighs more than `HEAVY`: of a signal of a fifth of the noise's variance,
# ln(1.2) / 2, such a weight leaves nothing.
_WEAK = 0.1
HEAVY = 1.5
# How many times their spread weights must have moved before latents count as dead: see `moved`.
SETTLED = 3.0
# The names that the weight of the KL has as a schedule, or as an option of a loss that weighs it.
KL_WEIGHTS = ("kl_weight", "beta")


@dataclass(frozen=True)
class Evidence:
    """What is known of one run.

    rows: its history, a row an epoch. kept_epoch: the epoch whose weights the run has.
    needs, latent: what its loss and its latent declare.
    options: what the factories of its parts take, by kind and name.
    kernels: the shapes of the weights of encoder and decoder that are matrices or more.
    values: the least and the greatest value of a pixel, in [0, 1].
    diverged: what was not finite when training ended; empty if nothing.
    batch_norm: whether there is batch normalisation in the model.
    code_shape: the shape of an image's codes; None where the latent has none.
    look: at images and model; None at the end of a training, which is not to wait for it, and for
        a run without weights.
    """

    config: TrainConfig
    image_shape: ImageShape
    training_images: int
    rows: Sequence[Mapping[str, float]]
    kept_epoch: int
    needs: Needs
    latent: Latent
    options: Mapping[str, Mapping[str, Option]]
    kernels: Sequence[tuple[int, ...]]
    values: tuple[float, float] = (0.0, 1.0)
    diverged: str = ""
    batch_norm: bool = False
    code_shape: tuple[int, ...] | None = None
    look: Look | None = None

    @property
    def pixels(self) -> int:
        """How many values an image has."""
        return math.prod(self.image_shape)

    @property
    def steps(self) -> int:
        """How many steps a whole training of this config takes."""
        return self.config.most_epochs * -(-self.training_images // self.config.batch_size)

    @property
    def by_adam(self) -> bool:
        """Whether the rate is Adam's and stays; else it follows a curve."""
        return RECIPES[self.config.recipe].warmup is None

    @property
    def kept(self) -> Mapping[str, float]:
        """The row of the epoch whose weights the run has; empty before the first epoch's end."""
        return self.rows[self.kept_epoch - 1] if 0 < self.kept_epoch <= len(self.rows) else {}

    def series(self, name: str, rows: Sequence[Mapping[str, float]] | None = None) -> np.ndarray:
        """The values of a column, epoch by epoch; empty if there is none."""
        rows = self.rows if rows is None else rows
        return np.array([row[name] for row in rows if name in row], "float64")

    @property
    def bound(self) -> str:
        """The column that training is judged by: `elbo`, or `loss` where there is none."""
        return "elbo" if "val_elbo" in self.kept else "loss"

    def falling(self, prefix: str = "") -> np.ndarray:
        """-ELBO, or the loss where there is none, of the epochs in `steady`: less is better."""
        values = self.series(prefix + self.bound, self.steady)
        return -values if self.bound == "elbo" else values

    @property
    def gained(self) -> float:
        """What held-out images gained since the first epoch; of a loss, since its weights stay."""
        if self.bound == "loss":
            values = self.falling("val_")
        else:  # which no weight touches
            values = -self.series("val_elbo", self.rows[: self.kept_epoch])
        return float(values[0] - values[-1]) if len(values) else 0.0

    @cached_property
    def steady(self) -> Sequence[Mapping[str, float]]:
        """The epochs up to the kept one in which schedules were where they are at its end.

        Before them, a loss may rise since its weights do.
        """
        rows = self.rows[: self.kept_epoch]
        names = [name for name in self.needs.schedules if rows and name in rows[-1]]
        first = len(rows)
        end = rows[-1] if rows else {}
        while first and all(
            math.isclose(rows[first - 1][name], end[name], rel_tol=0.02, abs_tol=1e-6)
            for name in names
        ):
            first -= 1
        return rows[first:]

    @cached_property
    def kl_units(self) -> np.ndarray:
        """KL(q(z|x) || p(z)) of held-out images by unit, `(U,)`, nats; empty where none is told."""
        if self.latent.constant_kl:
            return np.array([])
        units = [v for name, v in self.kept.items() if name.startswith("val_kl_dim_")]
        whole = [self.kept["val_kl"]] if "val_kl" in self.kept and self.bound == "elbo" else []
        return np.array(units or whole, "float64")

    def kept_figures(self, name: str) -> list[float]:
        """A latent's figure of held-out images, or each of those that are told apart by number."""
        pattern = re.compile(rf"val_{name}(_\d+)?")
        return [value for column, value in self.kept.items() if pattern.fullmatch(column)]

    @property
    def log_codes(self) -> float | None:
        """The logarithm of how many codes an index tells apart; None where none says.

        Under a prior of equal codes the KL is that for each index, whatever the image.
        """
        if self.code_shape is None or not self.latent.constant_kl or "val_kl" not in self.kept:
            return None
        return self.kept["val_kl"] / math.prod(self.code_shape)

    @property
    def unused(self) -> bool:
        """Whether there are units, and none tells anything of the image."""
        return len(self.kl_units) > 0 and bool(np.all(self.kl_units < DEAD))

    @property
    def dead_below(self) -> float:
        """The KL, in nats, below which a unit of this run counts as dead."""
        return _WEAK if self.kl_weight > HEAVY and not self.unused else DEAD

    @cached_property
    def declared_kl_weight(self) -> tuple[str, float] | None:
        """The weight of the KL as a schedule or an option has it, and its name; None if neither."""
        options = self.config.part_options["loss"]
        for name in KL_WEIGHTS:
            if name in self.needs.schedules and name in self.kept:
                option = next((n for n in (name, *KL_WEIGHTS) if n in options), name)
                return option, self.kept[name]
            if self.needs.weighs_kl and name in options:
                return name, float(options[name])
        return None

    @cached_property
    def kl_weight(self) -> float:
        """How many times as much a nat of KL counts in the loss as one of -log p(x|z)."""
        kl = self.kept.get("val_kl", 0.0)
        units = [v for name, v in self.kept.items() if name.startswith("val_kl_dim_")]
        measured = None
        if self.look is not None and not self.latent.constant_kl:
            measured = self.look.kl_weight(sum(units) if units else kl)
        if measured is not None:
            return measured
        return 1.0 if self.declared_kl_weight is None else self.declared_kl_weight[1]

    @cached_property
    def decoder_variance(self) -> float | None:
        """The one variance that p(x|z) gives pixels, if it is a Gaussian of a fixed one."""
        return gaussian_variance(self.needs.likelihood, self.image_shape)

    @property
    def error(self) -> float | None:
        """The mean squared error of held-out pixels; None where none was measured."""
        return self.kept.get("val_mse")

    @property
    def steps_done(self) -> int:
        """How many steps the weights have had that the run has."""
        return self.kept_epoch * -(-self.training_images // self.config.batch_size)

    @property
    def moved(self) -> float:
        """How many times their spread weights can have moved since they began.

        A latent that isn't in use yet is no latent that died.
        """
        return self.steps_done * self.relative_rate

    @cached_property
    def relative_rate(self) -> float:
        """Adam's rate over the spread of the weights that it moves, as they begin.

        The spread is Glorot and Bengio's (AISTATS 2010, equation 16), sqrt(2 / (in + out)), the
        median over the kernels.
        """
        spreads = []
        for *places, fan_in, fan_out in self.kernels:
            field = math.prod(places)
            spreads.append(math.sqrt(2.0 / (field * (fan_in + fan_out))))
        return self.config.learning_rate / float(np.median(spreads)) if spreads else 0.0
