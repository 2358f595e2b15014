"""Grey images where a run works in colour."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from vaekit.data import Budget, coloured, load_data


@pytest.mark.parametrize("budget", [None, Budget(100)])
def test_grey_images_become_the_same_greys_in_colour(tmp_path, budget):
    pixels = np.random.default_rng(0).integers(0, 256, (3, 8, 9), np.uint8)
    for name, image in zip(("train/a.png", "train/b.png", "test/c.png"), pixels, strict=True):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.fromarray(image).save(tmp_path / name)
    dataset = coloured(load_data(tmp_path, budget=budget))
    shown = np.concatenate([dataset.train.pixels[:], dataset.test.pixels[:]])
    np.testing.assert_array_equal(shown, pixels[..., None].repeat(3, axis=-1))
    assert dataset.train.files.tolist() == ["train/a.png", "train/b.png"]
    again = coloured(dataset)
    assert again.train.pixels.shape == dataset.train.pixels.shape == (2, 8, 9, 3)
