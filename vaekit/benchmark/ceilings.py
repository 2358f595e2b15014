"""What this machine can do at best: measured, by the library that also trains."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
from keras import ops

from vaekit.benchmark.timing import Repeat, filling, measure
from vaekit.startup import on_cpu
from vaekit.startup.threads import usable_cores

_SIDES = (1024, 2048, 4096, 8192)
_COPIED = 2**28  # bytes; more than any cache holds


class Ceilings(NamedTuple):
    """The two rates that bound every net.

    flop_per_s: of the fastest square matrix product, a multiply-add counting as two.
    bytes_per_s: read plus written while copying.
    """

    flop_per_s: float
    bytes_per_s: float


def measure_ceilings(dtype: str, *, seconds: float) -> Ceilings:
    """Both, on the device that Keras computes on; `seconds` go to each size of matrix.

    dtype: of the matrices' numbers, as the nets compute.
    """
    products = []
    for side in _SIDES:
        product, flop = _product(side, dtype), 2 * side**3
        products.append(max(measure(product, seconds=seconds, runs=3).rates) * flop)
        if filling(product, seconds) < 4:  # a larger one would only take longer
            break
    copy = _host_copy() if on_cpu() else _device_copy()
    copied = max(measure(copy, seconds=seconds, runs=3).rates)
    return Ceilings(max(products), copied * 2 * _COPIED)


def highest(measured: list[Ceilings]) -> Ceilings:
    """The highest of each rate."""
    return Ceilings(*map(max, zip(*measured, strict=True)))


def _product(side: int, dtype: str) -> Repeat:
    # Scaled so that a product of products stays of the same size.
    drawn = np.random.default_rng(0).standard_normal((side, side)) / np.sqrt(side)
    matrix = ops.convert_to_tensor(drawn.astype("float32"), dtype=dtype)
    return _chained(lambda x: ops.matmul(x, matrix), matrix)


def _device_copy() -> Repeat:
    start = ops.ones((_COPIED // 4,), "float32")
    return _chained(lambda x: x + 1.0, start)


def _chained(step: Any, start: Any) -> Repeat:
    def repeat(count: int) -> None:
        x = start
        for _ in range(count):
            x = step(x)
        ops.convert_to_numpy(x[:1])  # fetching a number waits for all of them

    return repeat


def _host_copy() -> Repeat:
    """NumPy's copy, a thread a core, into memory that is there already."""
    parts = usable_cores()
    sources = np.array_split(np.ones(_COPIED // 8), parts)
    targets = [np.zeros_like(source) for source in sources]
    pool = ThreadPoolExecutor(parts)

    def repeat(count: int) -> None:
        for _ in range(count):
            list(pool.map(np.copyto, targets, sources))

    return repeat
