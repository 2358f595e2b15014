"""The tutorial's `Lambda`, which draws z, known by its place in the model and never read."""

from __future__ import annotations

import re
from typing import Any

from vaekit.model_files.checks import SpecError
from vaekit.stock_layers import sampled

_SPREAD = re.compile(r"var|sigma|std|dev", re.I)
_CENTRE = re.compile(r"mu|mean", re.I)


def sampled_of(inputs: list[Any], sources: list[str], name: str) -> Any:
    """A draw of stock layers in the place of a `Lambda` on the mean and the log-variance.

    What the Lambda's code says is unknown: that it samples is inferred from two inputs of one
    shape `(batch, latent_dim)`, the mean first, as in Keras's own examples.

    sources: the names of the layers that make the inputs.

    Raises `SpecError` for a `Lambda` with other inputs, or with the two the other way round.
    """
    shapes = {tuple(tensor.shape) for tensor in inputs}
    if len(inputs) != 2 or len(shapes) != 1 or len(shapes.pop()) != 2:
        raise SpecError(
            f"the Lambda layer {name!r}, which holds code, and is no draw of z from its mean and "
            "log-variance"
        )
    first, second = sources
    if _SPREAD.search(first) and _CENTRE.search(second) and not _SPREAD.search(second):
        raise SpecError(
            f"the Lambda layer {name!r} on {first!r} and {second!r}; a draw of z "
            "takes the mean first"
        )
    return sampled(*inputs, name=name, prefix=name)
