"""Categorical latents with a gradient: the Gumbel-softmax."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any, NamedTuple

import keras
import numpy as np
import vaekit
from annotated_types import Ge, Gt
from keras import layers, ops
from vaekit.stock_layers import noise_like

from vaekit_quantizers.by_layers import FirstHighest, at_least, highest, whole_numbers
from vaekit_quantizers.codes import UniformCodes, code_shape, looked_up
from vaekit_quantizers.gradients import straight_through
from vaekit_quantizers.usage import one_hot, usage_figures

_LEAST = 1e-20  # a uniform draw whose logarithm is taken


class OneHots(vaekit.Distribution):
    """N independent variables of K classes each, z being their one-hots `(..., B, N K)`.

    log_probs: of the classes, `(B, N, K)`, or `(N, K)` of a single law. temperature: of the
    gradient of draws.

    A draw is the class of the highest log-probability plus Gumbel noise; its gradient is that of a
    softmax of them: "Straight-Through Gumbel-Softmax" of Jang et al., arXiv:1611.01144, section
    2.2. Probabilities are told, not densities.
    """

    def __init__(self, log_probs: Any, temperature: Any = 1.0) -> None:
        self.log_probs, self.temperature = log_probs, temperature

    def sample(self, seed: Any, lead: tuple[int, ...] = ()) -> Any:
        shape = (*lead, *ops.shape(self.log_probs))
        uniform = keras.random.uniform(shape, minval=_LEAST, seed=seed)
        scores = self.log_probs - ops.log(-ops.log(uniform))
        hard = one_hot(ops.cast(ops.argmax(scores, -1), "int32"), shape[-1])
        relaxed = ops.softmax(scores / self.temperature, axis=-1)
        return ops.reshape(straight_through(relaxed, hard), (*shape[:-2], shape[-2] * shape[-1]))

    def log_prob(self, z: Any) -> Any:
        """The log-probability of one-hots."""
        flat = ops.reshape(self.log_probs, (*ops.shape(self.log_probs)[:-2], -1))
        return ops.sum(z * flat, axis=-1)

    def kl(self, other: vaekit.Distribution) -> Any:
        """KL from uniform classes by variable, `(B, N)`: log K - H."""
        if not isinstance(other, UniformCodes):
            return None
        entropy = -ops.sum(ops.exp(self.log_probs) * self.log_probs, axis=-1)
        return math.log(self.log_probs.shape[-1]) - entropy


class Classes(NamedTuple):
    """The one-hots of `dim` classes, by their indices."""

    dim: int

    @property
    def sizes(self) -> tuple[int, ...]:
        """One index, among all classes."""
        return (self.dim,)

    def vectors_of(self, index: Any) -> Any:
        """`(..., dim)` of `(..., 1)`."""
        return one_hot(ops.squeeze(index, -1), self.dim)


class Categorical(vaekit.Latent):
    """z is the one-hots of categorical variables; see `gumbel_softmax`."""

    support = "codes"
    code_name = "code"

    def __init__(
        self, variables: int, classes: int, temperature: float, least: float, rate: float
    ) -> None:
        self.variables, self.classes = variables, Classes(classes)
        self.temperature, self.least, self.rate = temperature, least, rate
        self.code_sizes = (classes,) * variables
        self._places: tuple[int, ...] = ()
        self._logits = layers.Dense(variables * classes, name="encoder_logits")
        self._first_highest = FirstHighest(classes, "encoder_class_ranks")
        self._steps = keras.Variable(0, dtype="int32", trainable=False, name="training_steps")

    def shape(self, features: tuple[int, ...]) -> tuple[int, ...]:
        """A map where the features are a map; `(variables x classes,)` of a vector."""
        self._places = tuple(features[:-1])
        return (*self._places, self.variables * self.classes.dim)

    @property
    def _count(self) -> int:
        """Of variables in all."""
        return math.prod(self._places) * self.variables

    def heads(self, features: Any) -> dict[str, Any]:
        """`logits` `(B, N, K)`: of each variable's classes, position by position."""
        self.shape(features.shape[1:])
        rows = layers.Reshape((self._count, self.classes.dim), name="encoder_logits_of_each")
        return {"logits": rows(self._logits(features))}

    def posterior(self, parameters: Mapping[str, Any]) -> OneHots:
        temperature = self.temperature * ops.exp(-self.rate * ops.cast(self._steps, "float32"))
        log_probs = ops.log_softmax(parameters["logits"], axis=-1)
        return OneHots(log_probs, ops.maximum(temperature, self.least))

    def infer(self, parameters: Mapping[str, Any], given: vaekit.Given) -> vaekit.Draw:
        draw = super().infer(parameters, given)
        width = self.variables * self.classes.dim
        each = ops.reshape(draw.z, (*given.lead, -1, math.prod(self._places), width))
        shares = ops.mean(ops.round(each), axis=-2)
        if given.lead:
            shares = ops.mean(shares, axis=0)
        temperature = draw.posterior.temperature * ops.ones_like(draw.kl[:, 0])
        if given.training:
            self._steps.assign(self._steps + 1)
        return draw._replace(report={"code_usage": shares, "temperature": temperature})

    def point(self, parameters: Mapping[str, Any]) -> Any:
        """The likeliest classes."""
        one, _ = self._first_highest(parameters["logits"])
        return layers.Reshape(self._shape, name="encoder_output")(one)

    def draw(self, parameters: Mapping[str, Any]) -> Any:
        """By a race: of exponential draws, each divided by its class's probability, the least.

        Under `predict` all noise is 0: then each is 1, and the likeliest class wins.
        """
        logits = parameters["logits"]
        noise = [noise_like(logits, f"encoder_noise_{number}") for number in range(2)]
        drawn = layers.Add()([layers.Multiply()([normal, normal]) for normal in noise])
        at_rest = layers.Rescaling(-1.0, 1.0)(at_least(drawn, _LEAST))
        slowness = layers.Activation("exponential")(layers.Subtract()([highest(logits), logits]))
        times = layers.Multiply()([slowness, layers.Add()([drawn, at_rest])])
        one, _ = self._first_highest(layers.Rescaling(-1.0)(times))
        return layers.Reshape(self._shape, name="encoder_draw")(one)

    @property
    def _shape(self) -> tuple[int, ...]:
        return (*self._places, self.variables * self.classes.dim)

    def encoded(self, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        """`code` `(B, ..., N)`: each variable's likeliest class, in the smallest whole type."""
        _, index = self._first_highest(parameters["logits"])
        index = whole_numbers(index, self.classes.dim, "encoder_code")
        shape = code_shape(self._places, self.variables)
        return {"code": layers.Reshape(shape, name="encoder_codes")(index)}

    def looked_up(self, code: np.ndarray) -> np.ndarray:
        return looked_up(self.classes, code, self._count).reshape(-1, *self._shape)

    def own_prior(self) -> UniformCodes:
        return UniformCodes(self.classes, self._count)

    def summary(self, means: Mapping[str, np.ndarray]) -> dict[str, float | int]:
        """`perplexity` and `codes_used` of each variable, over positions; `temperature`."""
        figures = usage_figures(means["code_usage"], [self.classes.dim] * self.variables)
        return {**figures, "temperature": float(means["temperature"][0])}

    def between(self, a: np.ndarray, b: np.ndarray, share: np.ndarray) -> np.ndarray:
        """One-hots of the largest on the straight line: each variable changes half way."""
        way = super().between(a, b, share)
        each = way.reshape(*way.shape[:-1], self.variables, self.classes.dim)
        one = each.argmax(-1)[..., None] == np.arange(self.classes.dim)
        return one.astype(way.dtype).reshape(way.shape)


def gumbel_softmax(
    latent_dim: int,
    *,
    classes: Annotated[int, Ge(2)] = 10,
    temperature: Annotated[float, Gt(0)] = 1.0,
    final_temperature: Annotated[float, Gt(0)] = 0.5,
    annealing: Annotated[float, Ge(0)] = 1e-4,
) -> vaekit.Latent:
    """latent_dim categorical variables at each position, by the straight-through Gumbel-softmax.

    Jang et al., "Categorical Reparameterization with Gumbel-Softmax" (arXiv:1611.01144). z is
    one-hots, latent_dim x classes values; their gradient is that of a softmax of log-probabilities
    and Gumbel noise. The prior is its own, uniform classes, and the KL from it in closed form, by
    variable: log(classes) - H.

    Args:
        classes: how many classes a variable has.
        temperature: of that softmax in the first step.
        final_temperature: what it falls to.
        annealing: how fast: after t training steps it is temperature x exp(-annealing t); 1e-5 to
            1e-4 in the paper.
    """
    return Categorical(latent_dim, classes, temperature, final_temperature, annealing)
