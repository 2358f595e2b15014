"""How large a file may become."""

from __future__ import annotations

import json

import pytest

from vaekit.errors import DataError
from vaekit.untrusted import json_text
from vaekit.untrusted.size_limits import EXPANSION, FREE, check_size


@pytest.mark.parametrize(
    ("declared", "stored", "packed"),
    [(0, 0, False), (100, 100, False), (FREE, FREE // 1000, True), (10**9, 10**9 // 50, True)],
)
def test_honest_sizes(declared, stored, packed):
    check_size("a.h5", declared, stored, packed=packed)


@pytest.mark.parametrize(
    ("declared", "stored", "packed", "match"),
    [
        (101, 100, False, "declares 101 bytes, but only 100 are stored"),
        (1041, 1, True, "declares 1041 bytes, but only 1 are stored"),
        (-8, 100, False, "declares -8 bytes"),
        (FREE + 1, FREE // EXPANSION, True, "as a decompression bomb does"),
        (2**60, 2**60, False, "of memory"),
    ],
)
def test_other_sizes(declared, stored, packed, match):
    with pytest.raises(DataError, match=match):
        check_size("a.h5", declared, stored, packed=packed)


def test_json():
    value = {"a": [1, 2.5, None, "x", {"b": []}]}
    assert json_text.parse(json.dumps(value)) == value


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("[" * 66 + "]" * 66, "nested too deeply"),
        ('{"a": {"b": 1, "b": 2}}', "names a key twice"),
        ("[NaN]", "NaN, which is no number"),
        ("[-Infinity]", "-Infinity, which is no number"),
        (b"\xff", "decode"),
        (" " * (json_text.LONGEST + 1), "longer than"),
    ],
)
def test_json_with_other_meanings(text, match):
    with pytest.raises(ValueError, match=match):
        json_text.parse(text)
