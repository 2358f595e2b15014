"""The latent map: where the prior is, which class is which, and what its axes are."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from matplotlib.patches import Circle

from tests.figures.drawn import a_run, pixels_of
from vaekit.figures import draw_latent_map
from vaekit.figures.style import COLOURS
from vaekit.types import Images

pytestmark = pytest.mark.pictures


def draws(count, latent, seed=0):
    return np.random.default_rng(seed).standard_normal((count, latent)) + 0.5


def map_of(z_mean, labels=None, classes=None):
    pixels = np.zeros((len(z_mean), 8, 8, 1), np.uint8)
    return draw_latent_map(a_run(z_mean, classes=classes), Images(pixels, labels))


def points_of(figure):
    return np.concatenate([part.get_offsets() for part in figure.axes[0].collections])


@pytest.mark.parametrize("latent", [2, 3, 8])
def test_axes_are_square_of_one_scale_and_centred_on_the_prior(tmp_path, latent):
    figure = map_of(draws(50, latent) * 2)
    axes = figure.axes[0]
    pixels_of(figure, tmp_path)
    box = axes.get_window_extent()
    assert box.width == pytest.approx(box.height)
    low, high = axes.get_xlim()
    assert axes.get_ylim() == (low, high)
    assert low == -high
    assert np.abs(points_of(figure)).max() < high
    circles = [patch for patch in axes.patches if isinstance(patch, Circle)]
    assert [(circle.center, circle.radius) for circle in circles] == [((0, 0), 1), ((0, 0), 2)]
    assert {"1\N{GREEK SMALL LETTER SIGMA}", "2\N{GREEK SMALL LETTER SIGMA}"} <= {
        text.get_text() for text in axes.texts
    }


def test_two_latents_are_shown_as_they_are():
    z = draws(9, 2)
    np.testing.assert_allclose(points_of(map_of(z)), z, rtol=1e-6)


def test_one_latent_is_shown_with_its_standard_deviation(tmp_path):
    z = draws(9, 1)
    figure = map_of(z)
    np.testing.assert_allclose(points_of(figure), np.column_stack([z, np.ones(9)]), rtol=1e-6)
    assert figure.axes[0].get_ylabel() == "posterior standard deviation"
    low, high = figure.axes[0].get_xlim()
    assert low == -high
    pixels_of(figure, tmp_path)


def test_components_say_how_much_they_carry_and_keep_the_prior_at_0():
    """Variances of 6, 3 and 1 along known directions, around a mean that isn't 0."""
    turned, _ = np.linalg.qr(np.random.default_rng(1).standard_normal((3, 3)))
    corners = np.array([[a, b, c] for a in (-1, 1) for b in (-1, 1) for c in (-1, 1)])
    z = corners * np.sqrt([6, 3, 1]) @ turned.T + np.array([4.0, -2.0, 1.0])
    figure = map_of(z)
    axes = figure.axes[0]
    assert axes.get_xlabel() == "component 1 of z_mean (60% of its variance)"
    assert axes.get_ylabel() == "component 2 of z_mean (30% of its variance)"
    signs = np.sign(turned[np.abs(turned).argmax(axis=0), range(3)])
    np.testing.assert_allclose(points_of(figure), z @ (turned * signs)[:, :2], rtol=1e-5)


@pytest.mark.parametrize("latent", [1, 2, 5])
@pytest.mark.parametrize("count", [0, 1])
@pytest.mark.filterwarnings("error")
def test_of_no_image_or_one(tmp_path, latent, count):
    for labels in (None, np.zeros(count, int)):
        assert pixels_of(map_of(draws(count, latent), labels), tmp_path).std() > 5


@pytest.mark.parametrize(
    ("labels", "classes", "legend"),
    [
        (np.arange(30) % 3, None, ["0", "1", "2"]),
        (np.arange(30) % 3, ["cat", "dog", "a" * 99], ["cat", "dog", "a" * 24]),
        (np.arange(30) % 3 * 0.5, ["cat", "dog"], ["cat", "0.5", "dog"]),
        (np.arange(30) % 3 - 1, ["cat", "dog"], ["-1", "cat", "dog"]),
        (np.arange(30) % 20, None, [str(number) for number in range(20)]),
    ],
)
@pytest.mark.filterwarnings("error")
def test_classes_are_named_in_a_legend_and_on_the_map(tmp_path, labels, classes, legend):
    figure = map_of(draws(30, 2), labels, classes)
    axes = figure.axes[0]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == legend
    assert set(legend) <= {text.get_text() for text in axes.texts}
    assert len(points_of(figure)) == 30
    looks = {(line.get_color(), line.get_marker()) for line in axes.get_legend().legend_handles}
    assert len(looks) == len(legend)
    pixels_of(figure, tmp_path)


@pytest.mark.parametrize("labels", [np.arange(30), np.linspace(0, 1, 30)])
def test_a_scale_of_labels_is_a_bar_of_colours(tmp_path, labels):
    figure = map_of(draws(30, 2), labels)
    assert figure.axes[0].get_legend() is None
    assert figure.axes[1].get_ylabel() == "label"
    pixels_of(figure, tmp_path)


# How severe colour blindness of three kinds sees linear RGB.
# Machado, Oliveira, Fernandes, "A Physiologically-based Model for Simulation of Color Vision
# Deficiency" (IEEE TVCG 15, 2009), table of severity 1.0.
BLIND = {
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}


def lab(linear):
    """CIE L*a*b* under D65 of linear RGB."""
    to_xyz = np.array(
        [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    )
    x, y, z = np.cbrt(to_xyz @ linear / np.array([0.9505, 1.0, 1.089]))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("kind", BLIND)
def test_colour_blind_readers_can_tell_the_colours_apart(kind):
    values = np.array([[int(c[i : i + 2], 16) for i in (1, 3, 5)] for c in COLOURS]) / 255
    linear = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    seen = [lab(np.clip(np.array(BLIND[kind]) @ colour, 1e-4, 1)) for colour in linear]
    assert min(np.linalg.norm(a - b) for a, b in combinations(seen, 2)) > 15
