"""What a latent tells of images, by name."""

from __future__ import annotations

import keyword
from collections import namedtuple
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from vaekit.distributions import Posterior
from vaekit.errors import BuildError

# Beside the parameters, files of latents have these columns.
_OTHERS = ("file", "index", "label", "labels")


def named_parameters(names: Sequence[str], values: Sequence[np.ndarray]) -> Any:
    """A named tuple of arrays; a `vaekit.Posterior` where the names are its own."""
    if tuple(names) == Posterior._fields:
        return Posterior(*values)
    return namedtuple("Parameters", names)(*values)


def refuse_names(parameters: Mapping[str, Any], point: Any) -> None:
    """Raise `BuildError` for parameters whose names can't be a field's or a column's.

    point: the one whose name `z` is, where it is one of them or where it is none.
    """
    for name, parameter in parameters.items():
        if not name.isidentifier() or keyword.iskeyword(name) or name.startswith("_"):
            raise BuildError(
                f"The latent has a parameter {name!r}: results have it as an attribute, so call it "
                "by a Python name that doesn't begin with _."
            )
        if name in _OTHERS:
            raise BuildError(
                f"The latent has a parameter {name!r}, which is another column of files that "
                "`vaekit encode` writes: call it otherwise."
            )
        if name == "z" and parameter is not point:
            raise BuildError(
                "The latent has a parameter 'z' that isn't its point: 'z' is the point's name."
            )
