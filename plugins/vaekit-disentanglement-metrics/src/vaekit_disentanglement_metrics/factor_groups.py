"""Images that share the value of a factor."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import vaekit

from vaekit_disentanglement_metrics.factor_codes import FactorCodes


class FactorGroups(NamedTuple):
    """The images of each value of each factor.

    by_factor: for each factor, for each of its values, the numbers of its images.
    left_out: how many values have fewer images than asked for, and are in no group.
    values: how many values there are, of all factors.
    fewest: how many images a group was asked to have.
    """

    by_factor: list[list[np.ndarray]]
    left_out: int
    values: int
    fewest: int

    @property
    def note(self) -> str:
        """A sentence on the values that are left out; empty where none is."""
        if not self.left_out:
            return ""
        return (
            f"{self.left_out} of the {self.values} values of factors have fewer than "
            f"{self.fewest} images and are left out. Take more images."
        )


def factor_groups(codes: FactorCodes, fewest: int) -> FactorGroups:
    """The groups of at least so many images, drawn from the images at hand.

    Raises `vaekit.UserError` if a factor has none.
    """
    by_factor, left_out = [], 0
    for name, factor, size in zip(codes.names, codes.factors.T, codes.sizes, strict=True):
        order = np.argsort(factor, kind="stable")
        groups = np.split(order, np.searchsorted(factor[order], np.arange(1, size)))
        large = [group for group in groups if len(group) >= fewest]
        if not large:
            raise vaekit.UserError(
                f"No {fewest} of the {len(factor):,} images share a value of the factor {name!r}, "
                f"which has {size}. Take more images."
            )
        left_out += size - len(large)
        by_factor.append(large)
    return FactorGroups(by_factor, left_out, sum(codes.sizes), fewest)
