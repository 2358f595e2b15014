"""What an export's difference from Keras may be."""

from __future__ import annotations

import numpy as np
import pytest

import vaekit
from vaekit.export.part import Measure
from vaekit.export.tolerance import difference, refuse_difference


def test_codes_are_counted_by_image() -> None:
    expected = np.zeros((100, 7), "uint16")
    actual = expected.copy()
    actual[:3, 0] = 40_000
    told = difference(expected, actual, Measure.VALUES, "float32", chooses=True)
    assert told == (0.0, 0.0, 3)
    with pytest.raises(vaekit.UserError, match="other codes than Keras's for 3 of 100 images"):
        refuse_difference(told, 100, "As ONNX, encoder gives z", "float32")
    refuse_difference(told._replace(others=2), 100, "", "float32")


def test_a_value_that_is_no_number_is_refused() -> None:
    actual = np.array([[np.nan]])
    told = difference(np.zeros((1, 1)), actual, Measure.VALUES, "float32", chooses=False)
    with pytest.raises(vaekit.UserError, match="by up to nan"):
        refuse_difference(told, 1, "As ONNX, encoder gives z", "float32")
