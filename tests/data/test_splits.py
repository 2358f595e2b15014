from __future__ import annotations

import numpy as np
import pytest

from vaekit.data import as_dataset, split
from vaekit.errors import DataError, OptionError


def numbered(count: int) -> np.ndarray:
    """Images whose every pixel is their own number."""
    return np.tile(np.arange(count, dtype=np.uint8)[:, None, None], (1, 8, 8))


def numbers(images) -> list[int]:
    assert (images.pixels[:, 0, 0, 0] == images.labels).all()
    return images.labels.tolist()


@pytest.fixture
def data():
    return as_dataset((numbered(100), np.arange(100)))


def test_share_is_drawn_without_overlap(data):
    train, held = split(data, share=0.2, seed=0)
    assert len(train.pixels) == 80
    assert sorted(numbers(train) + numbers(held)) == list(range(100))


def test_same_seed_same_split(data):
    first, second = (split(data, share=0.1, seed=3) for _ in range(2))
    assert numbers(first[1]) == numbers(second[1])
    assert numbers(first[0]) == numbers(second[0])
    assert numbers(split(data, share=0.1, seed=4)[1]) != numbers(first[1])


def test_split_stays_the_same_over_versions(data):
    assert numbers(split(data, share=0.05, seed=0)[1]) == [78, 5, 51, 90, 77]


@pytest.mark.parametrize(("share", "held_out"), [(0.001, 1), (0.999, 99), (0.5, 50)])
def test_at_least_one_each(data, share, held_out):
    assert len(split(data, share=share, seed=0)[1].pixels) == held_out


def test_own_test_set_is_the_validation(pixels):
    x = pixels(6, 8, 8)
    train, held = split(as_dataset((x, x[:2])), share=0.5, seed=0)
    assert len(train.pixels) == 6
    np.testing.assert_array_equal(held.pixels[..., 0], x[:2])
    assert held.labels is None


def test_limit_keeps_the_first_of_each(data, pixels):
    train, held = split(data, share=0.2, seed=0)
    fewer, less = split(data, share=0.2, seed=0, limit=30)
    assert numbers(fewer) == numbers(train)[:30]
    assert numbers(less) == numbers(held)
    x = pixels(6, 8, 8)
    fewer, less = split(as_dataset((x, x[:2])), share=0.2, seed=0, limit=1)
    assert len(fewer.pixels) == len(less.pixels) == 1


@pytest.mark.parametrize("seed", [-1, 2**64 + 5])
def test_any_seed(data, seed):
    assert len(split(data, share=0.2, seed=seed)[1].pixels) == 20


@pytest.mark.parametrize(
    "wrong", [{"share": 0.0}, {"share": 1.0}, {"share": float("nan")}, {"limit": 0}]
)
def test_out_of_range(data, wrong):
    with pytest.raises(OptionError):
        split(data, **({"share": 0.1, "seed": 0} | wrong))


def test_single_image(pixels):
    with pytest.raises(DataError, match="single image"):
        split(as_dataset(pixels(1, 8, 8)), share=0.5, seed=0)
