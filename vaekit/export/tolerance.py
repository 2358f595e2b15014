"""How far an exported model may be from Keras's, and how far it is."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vaekit.errors import UserError
from vaekit.export.part import Measure
from vaekit.wording import option_text

# The largest difference, as a share of the largest value, or of 1 where that is less: what sums of
# float32 in another order come to, and what weights of 16 bits do.
_SHARE = {"float32": 1e-4, "float16": 1e-2}
# Of 8 bits: a pixel's difference, which is seen from about there, and of values a share of their
# standard deviation over the images.
_PIXEL, _SPREAD = 0.02, 0.1
# Of images of which a model that chooses among codes may choose others: two are equally near
# sometimes, and rounding decides.
_OTHERS = {"float32": 0.02, "float16": 0.05, "int8": 0.05}


class Difference(NamedTuple):
    """How one output differs from Keras's.

    largest: of all values of the images that count. allowed: the most that it may be.
    others: images of which other codes were chosen, which don't count.
    """

    largest: float
    allowed: float
    others: int = 0


def difference(
    expected: np.ndarray,
    actual: np.ndarray,
    measure: Measure,
    precision: str,
    *,
    chooses: bool,
) -> Difference:
    """How far `actual` `(N, ...)` is from `expected`."""
    exact = expected.astype("float64")  # whole numbers without a sign have no differences
    allowed = _allowed(expected, measure, precision)
    apart = np.abs(actual.astype("float64") - exact).reshape(len(exact), -1).max(axis=1)
    if not chooses:
        return Difference(float(apart.max()), allowed)
    same = apart <= allowed
    return Difference(float(apart[same].max(initial=0.0)), allowed, int((~same).sum()))


def refuse_difference(of: Difference, count: int, what: str, precision: str) -> None:
    """Raise `UserError` for a difference of more than its precision allows, which NaN is, too.

    count: the images that were compared. what: begins the sentence, "As ONNX, decoder gives z".
    """
    most = _OTHERS[precision] * count
    if of.others > most:
        raise UserError(
            f"{what} of other codes than Keras's for {of.others} of {count} images, where "
            f"{int(most)} are allowed: it can't be exported.{_instead(precision)}"
        )
    if not of.largest <= of.allowed:
        raise UserError(
            f"{what} that differ from Keras's by up to {of.largest:.2g}, where {of.allowed:.2g} is "
            f"allowed: it can't be exported.{_instead(precision)}"
        )


def _allowed(expected: np.ndarray, measure: Measure, precision: str) -> float:
    if expected.dtype.kind in "iu":
        return 0.0
    share = _SHARE.get(precision)
    if share is not None:
        return share * max(1.0, float(np.abs(expected).max()))
    if measure is Measure.PIXELS:
        return _PIXEL
    return _SPREAD * float(expected.std())


def _instead(precision: str) -> str:
    text = option_text("quantize", precision)
    return "" if precision == "float32" else f" Leave out {text}."
