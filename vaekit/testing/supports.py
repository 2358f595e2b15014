"""Where z may lie, by the word that a latent has for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from vaekit.testing.verdict import require


def require_supported(support: str, z: np.ndarray, who: str) -> None:
    """Raise `AssertionError` unless z `(N, D)` is finite and in the support, as far as it's known.

    who: what z is, as the sentence begins.
    """
    require(np.isfinite(z).all(), f"{who} isn't finite.")
    lack = _LACKS.get(support)
    reason = "" if lack is None else lack(z)
    require(not reason, f"{who} isn't of the support {support!r}: {reason}.")


def _off_the_sphere(z: np.ndarray) -> str:
    lengths = np.linalg.norm(z, axis=-1)
    off = np.abs(lengths - 1.0).max()
    return f"lengths run from {lengths.min():.4f} to {lengths.max():.4f}" if off > 1e-3 else ""


def _out_of_the_ball(z: np.ndarray) -> str:
    longest = np.linalg.norm(z, axis=-1).max()
    return f"the longest has the length {longest:.7f}" if longest >= 1.0 else ""


# What z lacks to be of a support; of a support that has no entry, the kit knows nothing.
_LACKS: Mapping[str, Callable[[np.ndarray], str]] = {
    "sphere": _off_the_sphere,
    "ball": _out_of_the_ball,
}
