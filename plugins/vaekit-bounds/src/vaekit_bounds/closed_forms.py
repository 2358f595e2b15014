"""What the losses must give at known draws, by NumPy: see `vaekit.testing.closed_forms`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import vaekit
from keras import ops

Forms = Callable[[], Mapping[str, tuple[Any, Any]]]


class Known(NamedTuple):
    """Of K draws of B images: log p(x|z) and log q(z|x) - log p(z) `(K, B)`, the KL `(B, U)`."""

    log_prob: np.ndarray
    log_ratio: np.ndarray
    kl: np.ndarray

    @property
    def log_weights(self) -> np.ndarray:
        """Log of p(x, z) / q(z|x)."""
        return self.log_prob - self.log_ratio


def log_mean_exp(values: np.ndarray, axis: int) -> np.ndarray:
    """By its definition: these values don't overflow."""
    return np.log(np.exp(values).mean(axis=axis))


def forms_of(
    make: Callable[[], vaekit.Loss],
    terms: Callable[[Known], Mapping[str, np.ndarray]],
    *,
    draws: int = 1,
    schedule: Mapping[str, float] | None = None,
) -> Forms:
    """The closed forms of a loss with the Gaussian likelihood of sigma 1.

    terms: of what is known, by their names. draws: K. schedule: the present values.
    """

    def forms() -> Mapping[str, tuple[Any, Any]]:
        rng = np.random.default_rng(0)
        x, at = rng.random((3, 2, 2, 1)), rng.random((draws, 3, 2, 2, 1))
        squares = ((x - at) ** 2).sum(axis=(2, 3, 4))
        known = Known(
            -0.5 * (squares + 4.0 * np.log(2.0 * np.pi)),
            rng.normal(1.0, 1.0, (draws, 3)),
            rng.gamma(1.0, 0.5, (3, 4)),
        )
        lead = slice(None) if draws > 1 else 0
        tensors = (
            ops.convert_to_tensor(values.astype("float32"))
            for values in (x, at[lead], known.log_ratio[lead], known.kl, at[lead][..., 0, 0])
        )
        images, reconstruction, log_ratio, kl, z = tensors
        draw = vaekit.Draw(z, None, None, kl, log_ratio)
        values = {name: ops.convert_to_tensor(v) for name, v in (schedule or {}).items()}
        output = vaekit.VAEOutput(reconstruction, None, z, schedule=values, draw=draw)
        told = make()(images, output)
        return {name: (values, _array(told[name])) for name, values in terms(known).items()}

    return forms


def _array(tensor: Any) -> np.ndarray:
    return np.array(ops.convert_to_numpy(tensor))


def group_means(log_weights: np.ndarray, groups: Sequence[slice]) -> np.ndarray:
    """The bound of each group of draws, `(M, B)`."""
    return np.stack([log_mean_exp(log_weights[group], 0) for group in groups])
