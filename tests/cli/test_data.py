"""`vaekit data`."""

from __future__ import annotations

import json

import numpy as np
from PIL import Image

from tests.cli.commands import cli


def test_data_info_json(split_npz):
    facts = json.loads(cli("data", "info", split_npz, "--json"))
    assert facts == {
        "source": str(split_npz),
        "train": {"count": 30, "shape": [8, 8, 1]},
        "test": {"count": 12, "shape": [8, 8, 1]},
        "type": "uint8, 0..255",
        "range": [0, 255],
        "classes": {str(n): 3 for n in range(10)},
    }


def test_data_info_text():
    lines = dict(line.split(maxsplit=1) for line in cli("data", "info", "digits").splitlines())
    assert lines["source"] == "digits"
    assert lines["train"] == "count 1797, shape 8 8 1"
    assert lines["test"] == "none"
    assert lines["type"] == "float64, 0..16"
    assert lines["range"] == "0.0 1.0"
    assert lines["classes"].startswith("0 178, 1 182, ")


def test_data_info_of_resized_images(tmp_path):
    colours = np.zeros((9, 10, 3), "uint8")
    colours[0] = 255
    Image.fromarray(colours).save(tmp_path / "a.png")
    args = ("data", "info", tmp_path / "a.png", "--json")
    assert json.loads(cli(*args))["train"] == {"count": 1, "shape": [9, 10, 3]}
    facts = json.loads(cli(*args, "--image-size", "16x12", "--gray"))
    assert facts["train"]["shape"] == [16, 12, 1]
