"""Grids of images: no pixel is blurred, and the user's matplotlib is left alone."""

from __future__ import annotations

import matplotlib
import numpy as np
import pytest
from matplotlib import colormaps

from tests.figures.drawn import a_run, darker_than_white, pixels_of
from vaekit.figures import draw_curves, draw_grid, draw_reconstructions

pytestmark = pytest.mark.pictures


@pytest.mark.parametrize("shape", [(8, 8, 1), (28, 28, 1), (64, 64, 3), (9, 30, 3), (200, 200, 1)])
@pytest.mark.parametrize("count", [1, 12])
def test_each_pixel_is_one_even_square(tmp_path, shape, count):
    images = np.random.default_rng(0).integers(0, 250, (count, *shape), np.uint8)
    shown = darker_than_white(pixels_of(draw_grid(images / 255, "title"), tmp_path))
    height, width, _ = shape
    gap = max(1, max(height, width) // 14)
    columns = min(10, count)
    scale, rest = divmod(shown.shape[1], columns * (width + gap) - gap)
    assert rest == 0
    assert scale >= 1
    small = shown[::scale, ::scale]
    np.testing.assert_array_equal(shown, small.repeat(scale, axis=0).repeat(scale, axis=1))
    for number, image in enumerate(images):
        top, left = number // columns * (height + gap), number % columns * (width + gap)
        block = small[top : top + height, left : left + width]
        np.testing.assert_array_equal(block, np.broadcast_to(image, block.shape))


def test_images_of_two_channels_are_shown_as_their_mean(tmp_path):
    images = np.zeros((1, 8, 8, 2))
    images[..., 1] = 0.5
    assert (darker_than_white(pixels_of(draw_grid(images, ""), tmp_path)) == 64).all()


def test_more_than_a_hundred_images_make_a_square(tmp_path):
    shown = darker_than_white(pixels_of(draw_grid(np.zeros((400, 8, 8, 1)), ""), tmp_path))
    assert shown.shape[0] == shown.shape[1]


def test_the_users_style_neither_shows_nor_changes(tmp_path):
    history = [{"epoch": 1, "loss": 3.0, "val_loss": 4.0}]
    plain = pixels_of(draw_curves(history), tmp_path)
    own = {"font.size": 30, "figure.dpi": 40, "savefig.dpi": 50, "axes.grid": True}
    with matplotlib.rc_context(own):
        before = dict(matplotlib.rcParams)
        styled = pixels_of(draw_curves(history), tmp_path)
        assert dict(matplotlib.rcParams) == before
    np.testing.assert_array_equal(styled, plain)


def test_reconstructions_show_the_error_and_its_scale(tmp_path):
    images = np.full((3, 8, 8, 1), 204, np.uint8)  # 0.8
    rebuilt = np.full((3, 8, 8, 1), 0.5, "float32")
    rebuilt[1] = 0.8
    figure = draw_reconstructions(a_run(np.zeros((3, 2)), rebuilt), images)
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert texts == ["image", "reconstruction", "error"]
    ticks = figure.axes[1].xaxis.get_ticklabels()
    shown = pixels_of(figure, tmp_path)
    assert [float(tick.get_text()) for tick in ticks] == pytest.approx([0.0, 0.15, 0.3], abs=5e-3)
    colours = {tuple(colour) for colour in shown[44:-78].reshape(-1, 3)}
    magma = (np.array([colormaps["magma"](share)[:3] for share in (0.0, 1.0)]) * 255).round()
    expected = {(204,) * 3, (128,) * 3, *(tuple(colour) for colour in magma.astype(int))}
    assert expected <= colours


def test_reconstructions_of_many_stand_in_tens(tmp_path):
    images = np.zeros((12, 8, 8, 1), np.uint8)
    figure = draw_reconstructions(a_run(np.zeros((12, 2)), np.zeros((12, 8, 8, 1))), images)
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert texts == ["image", "reconstruction", "error"] * 2
    pixels_of(figure, tmp_path)


def test_curves_leave_out_what_an_epoch_does_not_have(tmp_path):
    rows = [{"epoch": 1, "loss": 3.0, "val_loss": 4.0}, {"epoch": 2, "loss": 2.0, "val_loss": 3.0}]
    rows += [{"epoch": 3, "loss": 1.0, "val_loss": 2.0, "kl": 1.0, "val_kl": 1.0, "val_mse": 0.1}]
    figure = draw_curves(rows)
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["loss", "kl"]
    assert [len(line.get_xdata()) for axes in figure.axes for line in axes.lines] == [3, 3, 1, 1]
    assert {line.get_linestyle() for line in figure.axes[0].lines} == {"-", "--"}
    pixels_of(figure, tmp_path)
