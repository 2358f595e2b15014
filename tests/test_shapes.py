"""Factor images: that each factor is what it says, and that the images are a function of a seed."""

from __future__ import annotations

import numpy as np
import pytest

import vaekit
from vaekit.default_plugins.shapes import FACTORS, RADIUS, SHAPES, SIDE, draw_factors, draw_images

ONE = RADIUS * SIDE  # pixels
AREAS = {"square": 1.5**2, "ellipse": np.pi / 2}  # of the largest, in squared radii


def drawn(**factors: int) -> np.ndarray:
    """One image in [0, 1]; factors that aren't named are those of a large square, upright."""
    row = {"shape": 0, "size": 5, "angle": 0, "x": 16, "y": 16, **factors}
    return draw_images(np.array([[row[name] for name in FACTORS]]))[0, ..., 0] / 255


def middle(image: np.ndarray) -> tuple[float, float]:
    """Column and row of the centre of mass."""
    places = np.arange(SIDE) + 0.5
    return (image.sum(0) @ places / image.sum(), image.sum(1) @ places / image.sum())


@pytest.mark.parametrize("shape", AREAS)
@pytest.mark.parametrize("angle", [0, 3, 17])
@pytest.mark.parametrize("size", range(6))
def test_a_shape_covers_its_area_whatever_its_angle(shape, angle, size):
    image = drawn(shape=SHAPES.index(shape), angle=angle, size=size)
    expected = AREAS[shape] * (ONE * (0.5 + 0.1 * size)) ** 2
    assert image.sum() == pytest.approx(expected, rel=0.03)


@pytest.mark.parametrize("step", [0, 9, 31])
def test_a_shape_is_where_its_factors_say(step):
    place = (0.25 + 0.5 * step / 31) * SIDE
    across, down = middle(drawn(x=step, y=31 - step))
    assert across == pytest.approx(place, abs=0.1)
    assert down == pytest.approx(SIDE - place, abs=0.1)


def test_an_angle_turns_a_shape_by_its_share_of_a_circle():
    """A long axis from its second moments: 40 steps are 360 degrees."""
    for step in range(0, 20, 3):
        image = drawn(shape=1, angle=step)
        across, down = (np.arange(SIDE) + 0.5 - at for at in middle(image))
        xx, yy = image.sum(0) @ across**2, image.sum(1) @ down**2
        xy = down @ image @ across
        turned = np.degrees(np.arctan2(2 * xy, xx - yy) / 2) % 180
        assert turned == pytest.approx(9 * step % 180, abs=1)


def test_a_heart_points_down_and_its_halves_are_mirrored():
    image = drawn(shape=2, x=0, y=16)
    columns = image[:, : SIDE // 2]  # the middle of which is the heart's
    np.testing.assert_allclose(columns, columns[:, ::-1], atol=1 / 255)
    rows = np.flatnonzero(image.sum(1) > 0.5)
    width = (image > 0.5).sum(1)
    assert width[rows[len(rows) // 4]] > 2 * width[rows[-len(rows) // 8]] > 0


def test_no_shape_is_cut_off():
    corners = np.array(
        [[s, 5, a, x, y] for s in range(3) for a in range(40) for x in (0, 31) for y in (0, 31)]
    )
    images = draw_images(corners)
    assert images[:, [0, -1]].max() == images[:, :, [0, -1]].max() == 0


def test_binary_images_are_black_and_white():
    dataset = vaekit.load_data("shapes", options={"images": 20, "test_images": 5, "binary": True})
    assert set(np.unique(dataset.train.pixels)) == {0, 255}
    smooth = vaekit.load_data("shapes", options={"images": 20, "test_images": 5})
    assert len(np.unique(smooth.train.pixels)) > 10
    np.testing.assert_array_equal(dataset.train.pixels >= 128, smooth.train.pixels >= 128)


def test_every_factor_takes_all_its_steps_evenly():
    factors = draw_factors(20_000, seed=0)
    for column, steps in zip(factors.T, FACTORS.values(), strict=True):
        counts = np.bincount(column, minlength=steps)
        assert len(counts) == steps
        expected = 20_000 / steps
        assert ((counts - expected) ** 2 / expected).sum() < 2 * steps  # chi2 of steps - 1


def test_images_are_a_function_of_the_seed():
    few = {"images": 30, "test_images": 10}
    one, same, other = (
        vaekit.load_data("shapes", options={**few, "seed": seed}) for seed in (3, 3, 4)
    )
    np.testing.assert_array_equal(one.train.pixels, same.train.pixels)
    np.testing.assert_array_equal(one.test.labels, same.test.labels)
    assert (one.train.pixels != other.train.pixels).any()


def test_it_is_a_data_set_of_named_shapes():
    dataset = vaekit.load_data("shapes", options={"images": 30, "test_images": 10})
    assert dataset.train.pixels.shape == (30, 64, 64, 1)
    assert dataset.train.pixels.dtype == np.uint8
    assert len(dataset.test.pixels) == 10
    assert dataset.classes == ("square", "ellipse", "heart")
    assert set(dataset.train.labels) == {0, 1, 2}


def test_no_images_are_refused():
    with pytest.raises(vaekit.OptionError, match="'shapes' takes images=int, not '0'"):
        vaekit.load_data("shapes", options={"images": "0"})
