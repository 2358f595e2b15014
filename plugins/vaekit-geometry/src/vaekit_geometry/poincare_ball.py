"""The Poincaré ball: hyperbolic space of curvature -1 as the points of length below 1.

At z it measures a Euclidean length by 2 / (1 - |z|^2). Points are rows `(..., D)`. A vector v of
the space of tangents at the centre stands at any other point for what parallel transport makes of
it there, so that its length |v| is a hyperbolic one everywhere; Nagano et al., arXiv:1902.02992.

In float32, 1 - |z| is known to 6e-8: points stay within `LONGEST`, 12.2 from the centre.
"""

from __future__ import annotations

from typing import Any

from keras import ops

LONGEST = 1.0 - 1e-5
# Keeps what has no length from being divided by it.
_TINY = 1e-20
# Less than this, a squared length no longer changes the volume by what float32 can tell.
_FLAT = 1e-6


def exp_map(origin: Any, v: Any) -> Any:
    """The point that lies |v| from `origin` in the direction of v: origin + tanh(|v| / 2) v / |v|.

    The sum is Möbius's. Where it comes too near to the rim it is moved back, and its gradient is
    that of where it was.
    """
    length = ops.sqrt(_squared(v) + _TINY)
    step = v * (ops.tanh(0.5 * length) / length)
    # Möbius's sum in squares alone, which don't cancel near the rim as its textbook form does.
    straight = step + origin
    squared, gap = _squared(straight), _gap(origin)
    z = (squared * origin + straight * gap) / (squared + _gap(step) * gap)
    length = ops.sqrt(_squared(z) + _TINY)
    return z + ops.stop_gradient(z * ops.minimum(LONGEST / length, 1.0) - z)


def log_map(origin: Any, z: Any) -> Any:
    """The v for which `exp_map` leads from `origin` to z."""
    across = z - origin
    squared = _squared(across)
    gaps = _gap(origin) * _gap(z)
    # The sine hyperbolic of half the distance.
    sine = ops.sqrt(squared / gaps + _TINY)
    towards = across * _gap(origin) - origin * squared
    return towards * (2.0 * ops.arcsinh(sine) / sine) / ops.sqrt(gaps * (squared + gaps))


def log_spread(v: Any) -> Any:
    """How much `exp_map` widens a volume at v: (D - 1) log(sinh|v| / |v|), `(...)`."""
    length = ops.sqrt(ops.sum(ops.square(v), axis=-1) + _FLAT)
    sinh = length + ops.log(-ops.expm1(-2.0 * length) / (2.0 * length))
    return (v.shape[-1] - 1.0) * sinh


def log_volume(z: Any) -> Any:
    """How much more hyperbolic volume than z's own is at z: D log(2 / (1 - |z|^2)), `(...)`."""
    return z.shape[-1] * ops.log(2.0 / _gap(z)[..., 0])


def _squared(values: Any) -> Any:
    return ops.sum(ops.square(values), axis=-1, keepdims=True)


def _gap(z: Any) -> Any:
    """1 - |z|^2, `(..., 1)`."""
    return 1.0 - _squared(z)
