"""What each image's own posterior gains over the encoder's."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any

import numpy as np
from annotated_types import Ge, Gt
from keras import ops

import vaekit
from vaekit.autodiff import gradient
from vaekit.default_plugins.metrics.image_batches import chosen, rows_at_once
from vaekit.default_plugins.metrics.random_loop import position_of, random_loop

_MEASURED_BY = 64  # draws of an image by which an ELBO is measured
# Of what is gained, in the second half of the steps: then more of them would gain more.
_STILL_RISING = 0.1
_BETA_1, _BETA_2, _EPSILON = 0.9, 0.999, 1e-8  # Adam's


class AmortisationGap(vaekit.Metric):
    """See `amortisation_gap`."""

    needs = ("likelihood", "density", "free-parameters")

    def __init__(self, steps: int, learning_rate: float, draws: int, images: int) -> None:
        self.steps, self.learning_rate = steps, learning_rate
        self.draws, self.images = draws, images

    def __call__(self, measurement: vaekit.Measurement) -> Mapping[str, vaekit.Estimate]:
        model = measurement.model
        images = chosen(measurement.images, self.images, measurement.seed)
        count = len(images.pixels)

        def gained(x: Any, labels: Any, seed: Any) -> Mapping[str, Any]:
            return _Posteriors(model, x, labels, seed).improved(self)

        values = model.over(
            gained,
            images,
            batch=max(1, rows_at_once(model.image_shape) // max(self.draws, _MEASURED_BY)),
            seed=measurement.seed,
            done=measurement.progress("amortisation gap", count),
        )
        gap = values["improved"] - values["encoder"]
        late = float(np.mean(values["improved"] - values["half"]))
        by = f"{self.steps:,} steps of Adam on each image's parameters, {count:,} images"
        drawn, note = f"{_MEASURED_BY} draws of each image", ""
        if late > _STILL_RISING * max(float(gap.mean()), 0.0) and late > 3.0 * _error(
            values["improved"] - values["half"]
        ):
            note = (
                f"The ELBO still rose by {late:.2g} nats in the second half of the steps: the gap "
                "is larger than this."
            )
        return {
            "amortisation_gap": vaekit.Estimate.mean(gap, "nats", "lower", by, note),
            "elbo": vaekit.Estimate.mean(values["encoder"], "nats", "higher", drawn),
            "improved_elbo": vaekit.Estimate.mean(
                values["improved"], "nats", "higher", f"{drawn}, {by}"
            ),
        }


def _error(values: np.ndarray) -> float:
    return float(values.std()) / math.sqrt(len(values))


class _Posteriors:
    """The posteriors of a batch, whose parameters are one vector an image, `(B, P)`."""

    def __init__(self, model: vaekit.TrainedModel, x: Any, labels: Any, seed: Any) -> None:
        self._model, self._x, self._labels, self._seed = model, x, labels, seed
        parameters = model.parameters(x, labels)
        self._shapes = {name: tuple(value.shape[1:]) for name, value in parameters.items()}
        self._start = ops.concatenate(
            [ops.reshape(value, (x.shape[0], -1)) for value in parameters.values()], axis=-1
        )

    def elbo(self, vector: Any, draws: int) -> Any:
        """E_q[log p(x|z)] - KL(q || p(z)), `(B,)`, by so many draws."""
        model, x = self._model, self._x
        assert model.likelihood is not None
        sizes = [math.prod(shape) for shape in self._shapes.values()]
        parts = ops.split(vector, np.cumsum(sizes)[:-1].tolist(), axis=-1)
        parameters = {
            name: ops.reshape(part, (-1, *shape))
            for (name, shape), part in zip(self._shapes.items(), parts, strict=True)
        }
        output = model.infer(x, self._labels, self._seed, draws, parameters)
        log_likelihood = model.likelihood.log_prob(x, output.reconstruction)
        if draws > 1:
            log_likelihood = ops.mean(log_likelihood, axis=0)
        return log_likelihood - output.kl

    def improved(self, asked: AmortisationGap) -> Mapping[str, Any]:
        """The ELBO by the encoder, halfway, and at the end of the steps: by the same draws."""
        zeros = ops.zeros_like(self._start)
        halfway = asked.steps // 2
        half = self._steps((self._start, zeros, zeros), 0, halfway, asked)
        end = self._steps(half, halfway, asked.steps, asked)
        position, figures = position_of(self._seed), {}
        for name, vector in (("encoder", self._start), ("half", half[0]), ("improved", end[0])):
            self._seed.state.assign(position)
            figures[name] = self.elbo(vector, _MEASURED_BY)
        return figures

    def _steps(self, state: Any, first: int, last: int, asked: AmortisationGap) -> Any:
        """Adam's, upwards, at a rate that falls to 0 so that the draws' noise dies away."""

        def step(number: Any, state: tuple[Any, Any, Any]) -> tuple[Any, Any, Any]:
            vector, mean, square = state
            slope = gradient(lambda at: self.elbo(at, asked.draws), vector)
            time = ops.cast(number + first + 1, "float32")
            mean = _BETA_1 * mean + (1.0 - _BETA_1) * slope
            square = _BETA_2 * square + (1.0 - _BETA_2) * ops.square(slope)
            unbiased = mean / (1.0 - ops.power(_BETA_1, time))
            scale = ops.sqrt(square / (1.0 - ops.power(_BETA_2, time))) + _EPSILON
            rate = asked.learning_rate * ops.square(1.0 - (time - 1.0) / asked.steps)
            return vector + rate * unbiased / scale, mean, square

        return random_loop(last - first, step, state, self._seed)


def amortisation_gap(
    *,
    steps: Annotated[int, Ge(1)] = 200,
    learning_rate: Annotated[float, Gt(0)] = 0.03,
    draws: Annotated[int, Ge(1)] = 32,
    images: Annotated[int, Ge(1)] = 200,
) -> vaekit.Metric:
    """The ELBO that gradient steps on each image's own posterior gain, in nats.

    Cremer, Li and Duvenaud, "Inference Suboptimality in Variational Autoencoders"
    (arXiv:1801.03558), section 3: what the encoder loses by giving the parameters of all posteriors
    at once. The family of posteriors stays what it is; what a wider one would gain, the
    approximation gap, isn't in it.

    Args:
        steps: steps of Adam.
        learning_rate: the first step's length; it falls to 0.
        draws: of z for each image in a step.
        images: how many to measure on at most, drawn by the seed.
    """
    return AmortisationGap(steps, learning_rate, draws, images)


# By its defaults, a check would take minutes on a processor.
amortisation_gap.claims = {"options": {"steps": 8, "images": 8}}  # type: ignore[attr-defined]
