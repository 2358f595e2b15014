"""Each image's own posterior, found by gradient steps from the encoder's."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from keras import ops

from vaekit.autodiff import gradient
from vaekit.loops import position_of, random_loop
from vaekit.types import Tensor

if TYPE_CHECKING:
    from vaekit.metric import TrainedModel

_BETA_1, _BETA_2, _EPSILON = 0.9, 0.999, 1e-8  # Adam's


class Refined(NamedTuple):
    """ELBOs of a batch, `(B,)` each, in nats, measured by the same draws.

    encoder: by the posteriors that the encoder gives. halfway: after half of the steps. refined: at
    their end.
    """

    encoder: Tensor
    halfway: Tensor
    refined: Tensor


def refined_posteriors(
    model: TrainedModel,
    x: Tensor,
    labels: Tensor | None,
    seed: Any,
    *,
    steps: int,
    learning_rate: float,
    draws: int,
    measured_by: int,
) -> Refined:
    """What steps of Adam on the parameters of each image's own posterior make of the ELBO.

    It is a piece of an image function, as `TrainedModel.over` takes them, and needs a likelihood, a
    density and free parameters: see `vaekit.Metric.needs`.

    x: `(B, H, W, C)`, in [0, 1]. seed: a `keras.random.SeedGenerator`.
    learning_rate: the first step's length; it falls to 0, so that the draws' noise dies away.
    draws: of z for each image in a step. measured_by: draws of an image by which an ELBO is told.
    """
    posteriors = _Posteriors(model, x, labels, seed)
    adam = _Adam(steps, learning_rate, draws)
    zeros = ops.zeros_like(posteriors.start)
    half = steps // 2
    halfway = adam.ascend(posteriors, (posteriors.start, zeros, zeros), 0, half)
    end = adam.ascend(posteriors, halfway, half, steps)
    position, elbos = position_of(seed), []
    for vector in (posteriors.start, halfway[0], end[0]):
        seed.state.assign(position)
        elbos.append(posteriors.elbo(vector, measured_by))
    return Refined(*elbos)


class _Posteriors:
    """The posteriors of a batch, whose parameters are one vector an image, `(B, P)`."""

    def __init__(self, model: TrainedModel, x: Tensor, labels: Tensor | None, seed: Any) -> None:
        self._model, self._x, self._labels, self.seed = model, x, labels, seed
        parameters = model.parameters(x, labels)
        self._shapes = {name: tuple(value.shape[1:]) for name, value in parameters.items()}
        self.start = ops.concatenate(
            [ops.reshape(value, (x.shape[0], -1)) for value in parameters.values()], axis=-1
        )

    def elbo(self, vector: Tensor, draws: int) -> Tensor:
        """E_q[log p(x|z)] - KL(q || p(z)), `(B,)`, by so many draws."""
        model, x = self._model, self._x
        assert model.likelihood is not None
        output = model.infer(x, self._labels, self.seed, draws, self._named(vector))
        log_likelihood = model.likelihood.log_prob(x, output.reconstruction)
        if draws > 1:
            log_likelihood = ops.mean(log_likelihood, axis=0)
        return log_likelihood - output.kl

    def _named(self, vector: Tensor) -> Mapping[str, Tensor]:
        sizes = [math.prod(shape) for shape in self._shapes.values()]
        parts = ops.split(vector, np.cumsum(sizes)[:-1].tolist(), axis=-1)
        return {
            name: ops.reshape(part, (-1, *shape))
            for (name, shape), part in zip(self._shapes.items(), parts, strict=True)
        }


class _Adam(NamedTuple):
    """Adam's steps, upwards."""

    steps: int
    learning_rate: float
    draws: int

    def ascend(self, posteriors: _Posteriors, state: Any, first: int, last: int) -> Any:
        """Steps `first` to `last` of all; state: the vectors, and their slopes' two averages."""

        def step(number: Tensor, state: Any) -> Any:
            vector, mean, square = state
            slope = gradient(lambda at: posteriors.elbo(at, self.draws), vector)
            time = ops.cast(number + first + 1, "float32")
            mean = _BETA_1 * mean + (1.0 - _BETA_1) * slope
            square = _BETA_2 * square + (1.0 - _BETA_2) * ops.square(slope)
            unbiased = mean / (1.0 - ops.power(_BETA_1, time))
            scale = ops.sqrt(square / (1.0 - ops.power(_BETA_2, time))) + _EPSILON
            rate = self.learning_rate * ops.square(1.0 - (time - 1.0) / self.steps)
            return vector + rate * unbiased / scale, mean, square

        return random_loop(last - first, step, state, posteriors.seed)
