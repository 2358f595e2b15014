"""What a latent tells of images, by name."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Sequence
from typing import Any

import numpy as np

from vaekit.distributions import Posterior


def named_parameters(names: Sequence[str], values: Sequence[np.ndarray]) -> Any:
    """A named tuple of arrays; a `vaekit.Posterior` where the names are its own."""
    if tuple(names) == Posterior._fields:
        return Posterior(*values)
    return namedtuple("Parameters", names)(*values)
