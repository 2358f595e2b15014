"""How often checkpoints are made, as one says it."""

from __future__ import annotations

import pytest

from vaekit.cadence import Cadence, parse_cadence


@pytest.mark.parametrize(
    ("text", "cadence"),
    [
        ("50steps", Cadence(50, "steps")),
        ("1step", Cadence(1, "steps")),
        ("5min", Cadence(5, "min")),
        ("0.5min", Cadence(0.5, "min")),
        ("1epoch", Cadence(1, "epochs")),
        ("10epochs", Cadence(10, "epochs")),
    ],
)
def test_cadence(text, cadence):
    assert parse_cadence(text) == cadence


@pytest.mark.parametrize(
    "text", ["", "5", "min", "-5min", "0steps", "0min", "5 min", "5mins", "1.5epochs", "٣min"]
)
def test_what_is_no_cadence_is_refused(text):
    with pytest.raises(ValueError, match="50steps, 5min or 1epoch"):
        parse_cadence(text)
