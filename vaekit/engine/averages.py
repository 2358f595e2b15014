"""Batch norm's averages of the training images under the present weights.

Keras's moving averages (momentum 0.99) hold what batches were some hundred steps ago, and in a
short run their own start: 18 steps leave 0.83 of it. So what images outside of training are
normalised by is taken anew wherever a model is to be judged, saved or shown: training images pass
the model as in training, each batch normalised by its own moments, and those are pooled. This is
"PreciseBN" of Wu and Johnson, "Rethinking Batch in BatchNorm" (arXiv:2105.07576, section 3.1).

Training reads none of these averages, so that no step is another for it; layers of which that isn't
true, frozen ones and ones with `renorm`, keep theirs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing
from typing import Protocol

import keras
import numpy as np
from keras import ops

from vaekit.config import Averages
from vaekit.data import StoredPixels
from vaekit.engine.program import Batch, Program
from vaekit.engine.steps import batches, compile_forward, epoch_order
from vaekit.kernels.batch_moments import watched_moments
from vaekit.types import Images, Pixels, Tensor, as_images

# Of MNIST's 60,000 images, all change held-out losses by less than a tenth of a percent more:
# benchmarks/results/batch_norm/averages.json.
IMAGES = 2048


class Renew(Protocol):
    """Brings the averages up to date."""

    def __call__(self, most: int | None = None) -> None:
        """most: of no more images than so many; None is of as many as are worth it."""


def averages_of(
    choice: Averages, program: Program, images: Images | Pixels, *, batch_size: int, seed: int
) -> Renew:
    """What brings the averages of a program's batch norms up to date, as a run's config has it.

    images: those that the run trains on, in batches of `batch_size`.
    """
    return _AVERAGES[choice](program, images, batch_size, seed)


def _moving(program: Program, images: Images | Pixels, batch_size: int, seed: int) -> Renew:
    """Keras's own: training keeps them up to date, as far as it does."""
    return lambda most=None: None


class PreciseAverages:
    """The averages over a sample of the training images, in batches of the run's size.

    Which images, and in which order, is a function of `seed` and their number; so the averages are
    one of the weights, and a run that goes on has those of one that wasn't cut. A batch that isn't
    full is left out.

    most: how many images are taken if there are more.
    """

    def __init__(
        self,
        program: Program,
        images: Images | Pixels,
        batch_size: int,
        seed: int,
        *,
        most: int = IMAGES,
    ) -> None:
        self._program = program
        # As training does it, but nothing stays changed; and no batch norm, nothing to compile.
        with keras.StatelessScope() as scope, watched_moments() as calls:
            program.training_pass(program.blank())
        self._layers = [moments.layer for moments in calls]
        self._widths = [moments.mean.shape[0] for moments in calls]
        self._moved = [v for v in program.state if id(v) in scope.state_mapping]
        if not calls:
            return
        pixels, labels = as_images(images)[:2]
        count = min(len(pixels), most)
        self._size = min(batch_size, count)
        sample = epoch_order(seed, 0, len(pixels))[: count - count % self._size]
        if not isinstance(pixels, StoredPixels):  # else a second copy of all would be held
            images = Images(pixels[sample], None if labels is None else labels[sample])
            sample = np.arange(len(sample), dtype=np.int32)
        self._sample = sample
        self._steps = compile_forward(program, self._step, images)

    def __call__(self, most: int | None = None) -> None:
        """Give each layer its averages; all other variables are then what they were.

        most: of so many images of the sample, by whole batches, and of one batch at least.
        """
        if not self._layers:
            return
        before = [(variable, np.array(variable.numpy())) for variable in self._moved]
        self._program.restart_evaluation()
        whole = None if most is None else max(1, most // self._size) * self._size
        rows = self._rows(self._sample[:whole])
        for variable, value in before:
            variable.assign(value)
        for layer, (mean, variance) in self._pooled(rows).items():
            layer.moving_mean.assign(mean)
            layer.moving_variance.assign(variance)

    def _step(self, batch: Batch) -> Tensor:
        """The moments of each call in turn, in one row."""
        with watched_moments() as calls:
            self._program.training_pass(batch)
        return ops.concatenate(
            [ops.cast(part, "float32") for _, *moments in calls for part in moments]
        )

    def _rows(self, sample: np.ndarray) -> np.ndarray:
        most = self._steps.most(self._size)
        self._steps.expect(sample, self._size)
        (block,) = batches(sample, self._size)
        with closing(self._steps):
            calls = [self._steps(block[at : at + most]) for at in range(0, len(block), most)]
        return np.concatenate(calls).astype("float64")

    def _pooled(
        self, rows: np.ndarray
    ) -> Mapping[keras.layers.BatchNormalization, tuple[np.ndarray, np.ndarray]]:
        parts = np.split(rows, np.cumsum(np.repeat(self._widths, 2))[:-1], axis=1)
        moments: dict[keras.layers.BatchNormalization, list[np.ndarray]] = {}
        for layer, mean, variance in zip(self._layers, parts[::2], parts[1::2], strict=True):
            moments.setdefault(layer, []).append(np.stack([mean, variance]))
        # A layer that is called several times a step normalises by each batch of these.
        return {layer: pooled(*np.concatenate(m, axis=1)) for layer, m in moments.items()}


_AVERAGES: Mapping[Averages, Callable[[Program, Images | Pixels, int, int], Renew]] = {
    "precise": PreciseAverages,
    "moving": _moving,
}


def pooled(means: np.ndarray, variances: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance of all values of batches `(N, C)` of equal size, by channel, `(C,)`.

    The variance is the mean of the batches' and the variance of their means, E[s^2] + Var[m], which
    is exactly that of all values together; Keras's moving one lacks the second part.
    """
    return means.mean(axis=0), variances.mean(axis=0) + means.var(axis=0)
