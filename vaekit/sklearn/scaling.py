"""From the values of X to pixels in [0, 1] and back: learnt in `fit`, the same ever after."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple, get_args

import numpy as np

from vaekit.data import Scale, scaling, stored_as, white_by, white_of
from vaekit.errors import OptionError, closest

Rule = Literal["auto", "pixels", "range", "features"]


class Scaling(NamedTuple):
    """Pixels are (X - low) / span, in [0, 1] for the X of `fit`; of other X they may lie beyond.

    rule: `pixels`: black is 0, and white goes by the type of X, as everywhere in vaekit. `range`:
        from the least to the greatest of all values. `features`: of each feature apart.
    low, span: one number each, or one a feature, `(D,)`.
    scale: which value of each type is white, as a run records it.
    stored: the same for people.
    """

    rule: Rule
    low: Any
    span: Any
    scale: Scale
    stored: str

    def pixels(self, flat: np.ndarray) -> np.ndarray:
        """X `(n, D)` as uint8, or as float32 of which [0, 1] is black to white.

        Raises `DataError` under `pixels` for values of another type than X had in `fit`, if nothing
        says what is white in them or they go beyond it.
        """
        if self.rule != "pixels":
            return ((flat - self.low) / self.span).astype(np.float32)
        ((own, white),) = self.scale.items()
        if not flat.dtype.kind == np.dtype(own).kind == "f":
            white = white_by(self.scale, flat.dtype, flat.min().item(), flat.max().item(), "X")
        change, _ = scaling(flat.dtype, white)
        return change(flat)

    def values(self, pixels: np.ndarray) -> np.ndarray:
        """What `pixels` gives, float32 `(n, D)`, in the units that X had in `fit`."""
        return pixels * self.span + self.low


def learn_scaling(flat: np.ndarray, rule: Rule, *, table: bool) -> Scaling:
    """The scaling of the X `(n, D)` of `fit`.

    rule: `auto` is `pixels` for uint8, bool and whatever lies within [0, 1]; for other values it
        is `features` of a table and `range` of images.

    Raises `OptionError` for an unknown rule, `DataError` where `pixels` can't tell what is white.
    """
    if rule not in get_args(Rule):
        raise OptionError(f"There is no scaling {rule!r}. {closest(str(rule), get_args(Rule))}")
    low, high = flat.min().item(), flat.max().item()
    if rule == "auto":
        told = flat.dtype in (np.uint8, np.bool_) or 0 <= low <= high <= 1
        rule = "pixels" if told else ("features" if table else "range")
    if rule == "pixels":
        white = white_of(flat.dtype, low, high, "X")
        scale = {flat.dtype.name: white}
        return Scaling(rule, 0.0, float(white), scale, stored_as(flat.dtype, white))
    axis = 0 if rule == "features" else None
    least = flat.min(axis).astype(np.float64)
    span = flat.max(axis).astype(np.float64) - least
    span = np.where(span > 0, span, 1.0)  # a constant is black
    words = "each feature from its least to its greatest" if axis == 0 else f"{low:g}..{high:g}"
    return Scaling(rule, least, span, {"float32": 1}, f"{flat.dtype}, {words}")
