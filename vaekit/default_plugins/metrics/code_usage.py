"""How many codes are used, and how evenly."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

import vaekit

_COUNTED = "counted over images and places"


class CodeUsage(vaekit.Metric):
    """See `code_usage`."""

    supports = ("codes",)

    def __call__(self, measurement: vaekit.Measurement) -> Mapping[str, vaekit.Estimate]:
        space = measurement.model.latent_space
        if space.code_name is None or space.code_shape is None:
            raise vaekit.UserError(
                "The latent tells no numbers by which its codes are looked up, so that none can be "
                "counted."
            )
        codes = measurement.model.posterior(measurement.images)[space.code_name]
        # Several numbers at a place, such as levels, are an axis more than z has places.
        columns = space.code_shape[-1] if len(space.code_shape) == len(space.shape) else 1
        counts = [
            np.unique(column, return_counts=True)[1] for column in codes.reshape(-1, columns).T
        ]
        used = [len(count) for count in counts]
        figures = {
            "codes_used": vaekit.Estimate(_one_or_all(used), "codes", "higher", estimator=_COUNTED),
            "perplexity": vaekit.Estimate(
                _one_or_all([_perplexity(count) for count in counts]),
                "codes",
                "higher",
                estimator=f"exp of the entropy, {_COUNTED}",
            ),
        }
        if space.code_sizes:
            usage = [u / size for u, size in zip(used, space.code_sizes, strict=True)]
            figures["usage"] = vaekit.Estimate(_one_or_all(usage), "", "higher", estimator=_COUNTED)
        return figures


def _perplexity(counts: np.ndarray) -> float:
    shares = counts / counts.sum()
    return float(np.exp(-np.sum(shares * np.log(shares))))


def _one_or_all(values: list[float] | list[int]) -> float | list[float]:
    """The value of the one number that a place has, or those of each of them."""
    return values[0] if len(values) == 1 else [float(value) for value in values]


def code_usage() -> vaekit.Metric:
    """How many codes any image has, their share of all, and the perplexity of which it is.

    A perplexity is exp of the entropy: K where K codes are equally frequent, 1 where one has all.
    van den Oord et al., "Neural Discrete Representation Learning" (arXiv:1711.00937). Where a place
    has several codes, such as levels, there is a figure of each.
    """
    return CodeUsage()
