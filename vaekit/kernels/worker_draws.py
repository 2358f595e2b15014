"""Keras's draws as those of one process that has all workers' batches: each worker takes its rows.

So does each slice of a batch whose gradients are accumulated; it is called a worker here, too.

Replaces: the functions of `keras.src.backend.random`, while a step of one of several workers, or
on one of several slices, is traced or run.
Why: with equal states of their generators all workers would draw the same noise, and with other
states a run of several workers would be another run than one of one. Here the noise of an image is
what one process would have drawn for it in the same batch, if the law is normal or uniform. Other
laws and dropout are drawn from the same state by another seed on each worker.
Gain: none in speed. It draws as many times as there are workers what is drawn per image: of z,
nothing to speak of.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

import keras
from keras.src.backend import random as keras_random

from vaekit.kernels.replaced import replaced

# Their first parameter is the shape of what they draw.
_BY_SHAPE = ("normal", "uniform", "truncated_normal", "randint")
# Their draws hang on other arguments than shape: those of all workers aren't here.
_BY_SEED = ("categorical", "gamma", "binomial", "beta", "dropout", "shuffle")
_APART = 0x9E3779B9  # the golden ratio's part of 2^32: multiples of it are far from one another


@contextmanager
def shared_draws(rank: Any, size: int, batch: Any) -> Iterator[None]:
    """While entered, draws for a batch are this worker's rows of those for all workers' batches.

    rank: which worker it is; it may be known only as the step runs.
    batch: how many images this worker has; None where that is known only as the step runs. Then the
        axis of a shape that isn't known is that of images. What is drawn by a shape without such an
        axis is the same on all workers.
    """
    inside = False  # of one of Keras's functions, which may call another

    def by_shape(plain: Callable[..., Any]) -> Callable[..., Any]:
        def draw(shape: Any, *args: Any, **kwargs: Any) -> Any:
            nonlocal inside
            sides = list(keras.tree.flatten(shape)) if isinstance(shape, tuple | list) else [*shape]
            axis = None if inside else _images_axis(sides, batch)
            if axis is None:
                return plain(shape, *args, **kwargs)
            whole = [*sides[:axis], sides[axis] * size, *sides[axis + 1 :]]
            inside = True
            try:
                drawn = plain(tuple(whole), *args, **kwargs)
            finally:
                inside = False
            by_worker = keras.ops.reshape(drawn, (*sides[:axis], size, *sides[axis:]))
            return keras.ops.take(by_worker, rank, axis=axis)

        return draw

    def by_seed(plain: Callable[..., Any]) -> Callable[..., Any]:
        def draw(*args: Any, **kwargs: Any) -> Any:
            with replaced(keras_random, draw_seed=_other_seed(rank, size)):
                return plain(*args, **kwargs)

        return draw

    stand_ins = {}
    for names, made in ((_BY_SHAPE, by_shape), (_BY_SEED, by_seed)):
        for name in names:
            plain = getattr(keras_random, name)
            stand_ins[name] = wraps(plain)(made(plain))  # so that it shows the same parameters
    with replaced(keras_random, **stand_ins):
        yield


def _images_axis(sides: list[Any], batch: Any) -> int | None:
    if batch is None:
        return next((at for at, side in enumerate(sides) if not isinstance(side, int)), None)
    return next((at for at, side in enumerate(sides) if int(side) == batch), None)


def _other_seed(rank: Any, size: int) -> Callable[[Any], Any]:
    plain = keras_random.draw_seed
    by_worker = [[worker * _APART % 2**31, 0] for worker in range(size)]

    def draw_seed(seed: Any) -> Any:
        state = plain(seed)
        apart = keras.ops.convert_to_tensor(by_worker, dtype=state.dtype)
        return state + keras.ops.take(apart, rank, axis=0)

    return draw_seed
