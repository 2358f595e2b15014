"""Plain JAX: the whole training step by hand, many of them in one `lax.scan`.

Nobody would write a toolkit so; it is the bound for what runs on XLA.
"""

from __future__ import annotations

import time
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from peers.interface import LEARNING_RATE, Done, Job, Refused
from peers.nets import DECODER_STRIDES, ENCODER_STRIDES, EPSILON, MOMENTUM, SLOPE, SMALL, Weights

_LAYOUT = ("NHWC", "HWIO", "NHWC")
_BLOCK = 64  # steps a scan
_BETA1, _BETA2, _ADAM_EPSILON = 0.9, 0.999, 1e-7

Arrays = dict[str, Any]


class Peer:
    """Weights, moving statistics, Adam's moments and a key, carried through a scan."""

    @classmethod
    def check(cls, precision: str, backend: str) -> None:
        if precision == "mixed_float16":
            raise Refused("The peer jax-scan has no loss scaling, so it can't do mixed_float16.")

    def __init__(self, job: Job) -> None:
        self._type = jnp.bfloat16 if job.precision == "mixed_bfloat16" else jnp.float32
        moving = {n: v for n, v in job.weights.items() if n.endswith(("mean", "variance"))}
        weights: Weights = {n: v for n, v in job.weights.items() if n not in moving}
        zeros = {name: np.zeros_like(value) for name, value in weights.items()}
        state = (weights, moving, zeros, dict(zeros), np.int32(0), jax.random.key(0))
        self._state = jax.tree.map(jnp.asarray, state)
        self._images = jnp.asarray(job.images)
        self._batch_size = job.batch_size
        self._random = np.random.default_rng(0)
        run = jax.jit(self._scan, donate_argnums=0)
        self._compiled = {  # now, so that no timed block compiles
            length: run.lower(
                self._state, self._images, jnp.zeros((length, job.batch_size), "int32")
            ).compile()
            for length in (1, _BLOCK)
        }

    @property
    def parameters(self) -> tuple[int, int]:
        trained = sum(value.size for value in self._state[0].values())
        return trained + sum(value.size for value in self._state[1].values()), trained

    def steps(self, count: int) -> Done:
        """In scans of one length; what is left over goes step by step."""
        order = self._random.permutation(len(self._images))[: count * self._batch_size]
        batches = order.astype("int32").reshape(count, self._batch_size)
        whole = count // _BLOCK * _BLOCK
        blocks = [batches[at : at + _BLOCK] for at in range(0, whole, _BLOCK)]
        blocks += [batches[at : at + 1] for at in range(whole, count)]
        began = time.perf_counter()
        for block in blocks:
            self._state, losses = self._compiled[len(block)](self._state, self._images, block)
        loss = float(losses[-1])
        return Done(time.perf_counter() - began, loss)

    def _scan(self, state: Any, images: Any, block: Any) -> Any:
        return jax.lax.scan(lambda state, indices: self._step(state, images[indices]), state, block)

    def _step(self, state: Any, stored: Any) -> Any:
        weights, moving, first, second, count, key = state
        key, drawn = jax.random.split(key)
        x = stored.astype(jnp.float32) / 255
        (loss, moving), gradients = jax.value_and_grad(self._loss, has_aux=True)(
            weights, moving, x, drawn
        )
        count = count + 1
        rate = LEARNING_RATE * jnp.sqrt(1 - _BETA2**count) / (1 - _BETA1**count)
        mean = lambda beta, old, new: beta * old + (1 - beta) * new  # noqa: E731
        first = jax.tree.map(lambda m, g: mean(_BETA1, m, g), first, gradients)
        second = jax.tree.map(lambda v, g: mean(_BETA2, v, g * g), second, gradients)
        weights = jax.tree.map(
            lambda w, m, v: w - rate * m / (jnp.sqrt(v) + _ADAM_EPSILON), weights, first, second
        )
        return (weights, moving, first, second, count, key), loss

    def _loss(self, weights: Arrays, moving: Arrays, x: Any, key: Any) -> tuple[Any, Arrays]:
        moving = dict(moving)
        h = x.astype(self._type)
        for number, stride in enumerate(ENCODER_STRIDES):
            name = f"encoder/conv{number}"
            h = jax.lax.conv_general_dilated(
                h, self._of(weights, name), (stride, stride), "SAME", dimension_numbers=_LAYOUT
            )
            h = _leaky(self._normalised(h + self._bias(weights, name), weights, moving, name))
        h = h.reshape(len(h), -1)
        mu, log_variance = (
            self._dense(h, weights, f"encoder/{name}").astype(jnp.float32)
            for name in ("mu", "log_variance")
        )
        z = mu + jnp.exp(log_variance / 2) * jax.random.normal(key, mu.shape)
        h = self._dense(z.astype(self._type), weights, "decoder/dense").reshape(-1, *SMALL)
        for number, stride in enumerate(DECODER_STRIDES):
            name = f"decoder/conv{number}"
            h = jax.lax.conv_transpose(
                h,
                self._of(weights, name),
                (stride, stride),
                "SAME",
                dimension_numbers=_LAYOUT,
                transpose_kernel=True,
            )
            h = h + self._bias(weights, name)
            if f"{name}/gamma" in weights:
                h = self._normalised(h, weights, moving, name)
            h = _leaky(h)
        reconstruction = 1000 * jnp.mean((x - h.astype(jnp.float32)) ** 2, (1, 2, 3))
        kl = 0.5 * jnp.sum(mu**2 + jnp.exp(log_variance) - 1 - log_variance, 1)
        return jnp.mean(reconstruction + kl), moving

    def _dense(self, h: Any, weights: Arrays, name: str) -> Any:
        return h @ self._of(weights, name) + self._bias(weights, name)

    def _of(self, weights: Arrays, name: str) -> Any:
        return weights[f"{name}/kernel"].astype(self._type)

    def _bias(self, weights: Arrays, name: str) -> Any:
        return weights[f"{name}/bias"].astype(self._type)

    def _normalised(self, h: Any, weights: Arrays, moving: Arrays, name: str) -> Any:
        h = h.astype(jnp.float32)
        mean, variance = jnp.mean(h, (0, 1, 2)), jnp.var(h, (0, 1, 2))
        for kind, value in (("mean", mean), ("variance", variance)):
            old = moving[f"{name}/{kind}"]
            moving[f"{name}/{kind}"] = MOMENTUM * old + (1 - MOMENTUM) * value
        scale = weights[f"{name}/gamma"] * jax.lax.rsqrt(variance + EPSILON)
        return ((h - mean) * scale + weights[f"{name}/beta"]).astype(self._type)


def _leaky(h: Any) -> Any:
    return jnp.where(h > 0, h, SLOPE * h)
