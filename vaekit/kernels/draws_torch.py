"""Keras's draws as operations that a recorded step can hold.

Replaces: what `keras.src.backend.torch.random` calls `torch`, and its `torch_seed_generator`.
Why: Keras seeds a new `torch.Generator` from the value of a `SeedGenerator` for each draw, and a
recorder sees no such value. Here the seed goes into the operation as a tensor; what is drawn from
it is the same. Gain: `vaekit.kernels.compiled_torch`, which can't do without.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

import torch
from keras.src.backend.torch import random as keras_random
from keras.src.random.seed_generator import draw_seed

from vaekit.kernels.replaced import replaced


def recordable_draws() -> AbstractContextManager[None]:
    """While entered, what Keras draws by a normal, a uniform or a Bernoulli law can be recorded."""
    # Its functions take their generator from the one, and hand it to a function of the other.
    return replaced(keras_random, torch=_Torch(), torch_seed_generator=draw_seed)


class _Torch:
    """`torch`, but for functions that draw: theirs is a seed where a generator was."""

    def __getattr__(self, name: str) -> Any:
        return getattr(torch, name)

    def normal(
        self, mean: float, std: float, *, size: Sequence[int], generator: Any, dtype: Any, **_: Any
    ) -> Any:
        return _normal(generator, float(mean), float(std), list(size), dtype)

    def rand(self, size: Sequence[int], *, generator: Any, dtype: Any = None, **_: Any) -> Any:
        return _rand(generator, list(size), dtype or torch.get_default_dtype())

    def bernoulli(self, probabilities: Any, *, generator: Any) -> Any:
        return _bernoulli(generator, probabilities)


def _generator(seed: Any) -> Any:
    """As `keras.src.backend.torch.random.torch_seed_generator` makes it of a drawn seed."""
    generator = torch.Generator(device=seed.device)
    first, second = seed
    return generator.manual_seed(int(first + second) & 0xFFFFFFFF)


@torch.library.custom_op("vaekit::normal", mutates_args=())
def _normal(
    seed: torch.Tensor, mean: float, std: float, size: list[int], dtype: torch.dtype
) -> torch.Tensor:
    options = {"generator": _generator(seed), "dtype": dtype, "device": seed.device}
    return torch.normal(mean, std, size=size, **options)


@_normal.register_fake
def _(seed: Any, mean: float, std: float, size: list[int], dtype: Any) -> Any:
    return torch.empty(size, dtype=dtype, device=seed.device)


@torch.library.custom_op("vaekit::rand", mutates_args=())
def _rand(seed: torch.Tensor, size: list[int], dtype: torch.dtype) -> torch.Tensor:
    return torch.rand(size, generator=_generator(seed), dtype=dtype, device=seed.device)


@_rand.register_fake
def _(seed: Any, size: list[int], dtype: Any) -> Any:
    return torch.empty(size, dtype=dtype, device=seed.device)


@torch.library.custom_op("vaekit::bernoulli", mutates_args=())
def _bernoulli(seed: torch.Tensor, probabilities: torch.Tensor) -> torch.Tensor:
    return torch.bernoulli(probabilities, generator=_generator(seed))


@_bernoulli.register_fake
def _(seed: Any, probabilities: Any) -> Any:
    return torch.empty_like(probabilities)
