"""What a loss gives: named terms, a value an image each, under names that the kit doesn't use."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any

from vaekit.errors import BuildError

# Names that the kit reports by itself; `kl` may be a loss's own term, if it is the KL.
RESERVED = (
    *("loss", "adversary_loss"),
    *("elbo", "mse", "psnr", "active_units", "kl_dim", "z_mean", "z_mean_squared"),
)


def check_terms(who: str, terms: Any, taken: Container[str]) -> None:
    """Raise `BuildError` unless these are `{name: (2,)}` of a batch of two, by other names.

    who: what gave them, as the error names it.
    """
    if not isinstance(terms, Mapping) or not terms:
        raise BuildError(
            f"{who} must return {{name: tensor of shape (B,)}}; it gave a {type(terms).__name__}."
        )
    for key, term in terms.items():
        if key in taken:
            raise BuildError(f"{who} has a term {key!r}, which the kit reports by itself.")
        if tuple(getattr(term, "shape", ())) != (2,):
            raise BuildError(
                f"{who} must give one value an image, shape (B,); for a batch of 2 its term "
                f"{key!r} has {tuple(getattr(term, 'shape', ()))}."
            )
