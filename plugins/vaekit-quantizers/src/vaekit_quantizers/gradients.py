"""How a gradient passes from codes to the vectors that they stand for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from keras import ops

# (z_e, codes), both `(..., D)` -> the codes, with a gradient to z_e.
Estimator = Callable[[Any, Any], Any]

_LEAST = 1e-12  # keeps a vector of length 0 from dividing by it


def straight_through(z_e: Any, codes: Any) -> Any:
    """As if the code were the vector: dL/de = dL/dq."""
    return z_e + ops.stop_gradient(codes - z_e)


def rotation_trick(z_e: Any, codes: Any) -> Any:
    """As if the code were the vector, rotated and scaled onto it by constants: |q|/|e| R e.

    R turns e to q in the plane of both: Fifty et al., "Restructuring Vector Quantization with the
    Rotation Trick" (arXiv:2410.06424), section 4.2, by two reflections. So the angle between the
    gradient and q is the angle between what comes to e and e.
    """
    e, q = ops.stop_gradient(z_e), ops.stop_gradient(codes)
    e_length, q_length = _length(e), _length(q)
    e, q = e / e_length, q / q_length
    middle = e + q
    middle = middle / _length(middle)
    reflected = z_e - 2.0 * _dot(z_e, middle) * middle
    turned = reflected - 2.0 * _dot(reflected, q) * q
    # Of its value, the last bits are not the code's.
    return straight_through(q_length / e_length * turned, ops.stop_gradient(codes))


def _dot(one: Any, other: Any) -> Any:
    return ops.sum(one * other, axis=-1, keepdims=True)


def _length(vectors: Any) -> Any:
    return ops.sqrt(ops.maximum(_dot(vectors, vectors), _LEAST))
