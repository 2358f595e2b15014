"""What others call an array, as NumPy's."""

from __future__ import annotations

from typing import Any

import numpy as np

from vaekit.errors import DataError


def as_array(values: Any, name: str | None = None) -> np.ndarray:
    """An array, a tensor or nested sequences as an array; one of torch's is detached first.

    name: what to call it in an error, a plural.

    Raises `DataError` for what can't be taken as an array, and for one that masks values: NumPy
    would take what lies under the mask.
    """
    what = f"{name}, a {type(values).__name__}," if name else f"A {type(values).__name__}"
    try:
        masked = _masked(values)
        if isinstance(values, list | tuple):
            masked = sum(map(_masked, values))
            values = [_detached(value) for value in values]
        array = np.asarray(_detached(values))
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a stranger's `__array__` may raise anything at all
        reason = str(error).strip().rstrip(".") or type(error).__name__
        raise DataError(f"{what} can't be taken as an array: {reason}.") from error
    if masked:
        raise DataError(
            f"{what} masks {masked} values, and vaekit has no use for masks. Fill them, as "
            "x.filled(0) does, or drop those images."
        )
    return array


def _masked(values: Any) -> int:
    """How many values a masked array masks; 0 for any other."""
    return int(np.count_nonzero(values.mask)) if isinstance(values, np.ma.MaskedArray) else 0


def _detached(values: Any) -> Any:
    """A tensor of torch without its gradient."""
    return values.detach() if getattr(values, "requires_grad", False) is True else values
