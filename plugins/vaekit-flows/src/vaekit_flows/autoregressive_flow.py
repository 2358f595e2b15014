"""An inverse autoregressive flow, from stock layers alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import vaekit
from keras import layers, ops
from vaekit import distributions

# What is added to the logit of a gate, so that a flow begins near the identity, as Kingma et al.
# advise.
_OPEN = 2.0


class AutoregressiveStep:
    """z_d -> g_d z_d + (1 - g_d) m_d, gate and m_d being functions of z_1 .. z_{d-1} and a context.

    Kingma et al., arXiv:1606.04934, algorithm 1. Each d has a small network of its own, all
    of which are computed at once; a fixed mask hides from each what it may not see.
    """

    def __init__(self, dim: int, units: int, context: int, name: str) -> None:
        self._mask = layers.EinsumDense(
            "bi,di->bdi", (dim, dim), trainable=False, name=f"{name}_mask"
        )
        self._hidden = layers.EinsumDense(
            "bdi,diu->bdu", (dim, units), bias_axes="du", name=f"{name}_hidden"
        )
        self._context = layers.Dense(units, use_bias=False, name=f"{name}_context")
        self._repeat = layers.RepeatVector(dim, name=f"{name}_contexts")
        self._join = layers.Add(name=f"{name}_joined")
        self._tanh = layers.Activation("tanh", name=f"{name}_tanh")
        self._mean, self._logit = (
            layers.EinsumDense("bdu,du->bd", (dim,), bias_axes="d", name=f"{name}_{what}")
            for what in ("mean", "logit")
        )
        self._open = layers.Rescaling(1.0, _OPEN, name=f"{name}_open")
        self._gate = layers.Activation("sigmoid", name=f"{name}_gate")
        self._closed = layers.Rescaling(-1.0, 1.0, name=f"{name}_closed")
        self._kept = layers.Multiply(name=f"{name}_kept")
        self._moved = layers.Multiply(name=f"{name}_moved")
        self._sum = layers.Add(name=f"{name}_sum")
        self._mask.build((None, dim))
        self._mask.kernel.assign(np.tri(dim, k=-1, dtype="float32"))
        self._context.build((None, context))
        for layer, width in ((self._hidden, dim), (self._mean, units), (self._logit, units)):
            layer.build((None, dim, width))

    def mean_and_logit(self, z: Any, context: Any) -> tuple[Any, Any]:
        """m and the logit of the gate `(B, D)`, of z `(B, D)` and a context `(B, W)`."""
        contexts = self._repeat(self._context(context))
        hidden = self._tanh(self._join([self._hidden(self._mask(z)), contexts]))
        return self._mean(hidden), self._open(self._logit(hidden))

    def __call__(self, z: Any, context: Any) -> tuple[Any, Any]:
        """The next z, and the logit of the gate: the Jacobian's diagonal is its sigmoid."""
        mean, logit = self.mean_and_logit(z, context)
        gate = self._gate(logit)
        return self._sum([self._kept([gate, z]), self._moved([self._closed(gate), mean])]), logit

    def inverse(self, z: Any, context: Any) -> tuple[Any, Any]:
        """The z that `__call__` makes this of, and the logit there, in D rounds."""
        before = z
        # A round sets right at least one more value, in their order.
        for _ in range(z.shape[-1]):
            mean, logit = self.mean_and_logit(before, context)
            before = mean + (z - mean) / ops.sigmoid(logit)
        return before, self.mean_and_logit(before, context)[1]


class AutoregressiveFlow:
    """Steps, the order of z's values turned round after each."""

    def __init__(self, dim: int, steps: int, units: int, context: int) -> None:
        self.dim = dim
        self._steps = [
            AutoregressiveStep(dim, units, context, f"encoder_flow{number}")
            for number in range(1, steps + 1)
        ]
        self._turns = [
            layers.Dense(dim, use_bias=False, trainable=False, name=f"encoder_turn{number}")
            for number in range(1, steps + 1)
        ]
        for turn in self._turns:
            turn.build((None, dim))
            turn.kernel.assign(np.eye(dim, dtype="float32")[::-1])

    def __call__(self, z: Any, context: Any) -> tuple[Any, list[Any]]:
        """z `(B, D)` at the end of the flow, and the logits of the gates of each step."""
        logits = []
        for step, turn in zip(self._steps, self._turns, strict=True):
            z, logit = step(z, context)
            z = turn(z)
            logits.append(logit)
        return z, logits

    def inverse(self, z: Any, context: Any) -> tuple[Any, list[Any]]:
        """z at the start of the flow, and the logits on the way, of z at its end."""
        logits = []
        for step, turn in zip(reversed(self._steps), reversed(self._turns), strict=True):
            z, logit = step.inverse(turn(z), context)
            logits.append(logit)
        return z, logits


class FlowPosterior(vaekit.Distribution):
    """The law of what a flow makes of draws of a diagonal normal.

    base: of `(B, D)`. context: `(B, W)`.
    """

    def __init__(
        self, base: distributions.DiagonalNormal, flow: AutoregressiveFlow, context: Any
    ) -> None:
        self.base, self.flow, self.context = base, flow, context
        self.noise_dim = flow.dim

    def sample(self, seed: Any, lead: tuple[int, ...] = ()) -> Any:
        return self.sample_and_log_prob(seed, lead)[0]

    def sample_and_log_prob(self, seed: Any, lead: tuple[int, ...] = ()) -> tuple[Any, Any]:
        start, log_q = self.base.sample_and_log_prob(seed, lead)
        z, log_det = self._through(self.flow, start)
        return z, log_q - log_det

    def log_prob(self, z: Any) -> Any:
        """Exact, by the inverse: as many rounds as z has values, so it's for few of them."""
        start, log_det = self._through(self.flow.inverse, z)
        return self.base.log_prob(start) - log_det

    def from_noise(self, noise: Any) -> Any:
        return self._through(self.flow, self.base.from_noise(noise))[0]

    def _through(self, way: Any, z: Any) -> tuple[Any, Any]:
        """Where z `(..., B, D)` comes to, and the flow's log-determinant there `(..., B)`."""
        z = z + ops.zeros_like(self.base.z_mean)
        width = self.context.shape[-1]
        contexts = ops.broadcast_to(self.context, (*ops.shape(z)[:-1], width))
        end, logits = way(ops.reshape(z, (-1, self.flow.dim)), ops.reshape(contexts, (-1, width)))
        closed = [ops.sum(ops.softplus(-logit), axis=-1) for logit in logits]
        log_det = -sum(closed, start=ops.zeros_like(end[:, 0]))
        return ops.reshape(end, ops.shape(z)), ops.reshape(log_det, ops.shape(z)[:-1])
