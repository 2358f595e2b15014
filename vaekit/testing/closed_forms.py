"""What a part's author knows of its numbers, checked wherever it is installed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from vaekit.testing.subject import Subject
from vaekit.testing.verdict import CheckSkipped, require

ClosedForms = Callable[[], Mapping[str, tuple[Any, Any]]]


def closed_forms_hold(subject: Subject) -> None:
    """It gives what its author says that it must, at known values.

    A factory says so by an attribute `closed_forms`: a function of nothing, which gives of each
    equation, by its name, what NumPy makes of it and what the part does.
    """
    forms: ClosedForms | None = getattr(subject.component.load(), "closed_forms", None)
    if forms is None:
        raise CheckSkipped("its factory states no `closed_forms`")
    for name, (expected, got) in forms().items():
        expected, got = (np.asarray(values, "float64") for values in (expected, got))
        same = expected.shape == got.shape
        require(same, f"Of {name}, it gives {got.shape}, not {expected.shape}.")
        apart = np.abs(got - expected)
        require(
            (apart <= 1e-4 * np.abs(expected) + 1e-5).all(),
            f"By {name}, it gives {got.round(5).tolist()} where NumPy gives "
            f"{expected.round(5).tolist()}.",
        )
