"""Pictures as files: what they are, how large, and always the same bytes."""

from __future__ import annotations

import io
import sys
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image, ImageSequence

from tests.figures.drawn import a_run, pixels_of
from vaekit.errors import UserError
from vaekit.figures import Film, draw_curves, draw_grid, draw_latent_map, save_figure
from vaekit.types import Images

pytestmark = pytest.mark.pictures

ROWS = [
    {"epoch": n, **{f"{val}{term}": 1.0 / n for term in "abcde" for val in ("", "val_")}}
    for n in (1, 2)
]
DIGITS = np.random.default_rng(0).integers(0, 256, (12, 8, 8, 1)) / 255


def a_map(count=40):
    z = np.random.default_rng(0).standard_normal((count, 5))
    labels = np.arange(count) % 3
    return draw_latent_map(a_run(z), Images(np.zeros((count, 8, 8, 1), np.uint8), labels))


DRAWN = [lambda: draw_grid(DIGITS, "A title"), lambda: draw_curves(ROWS[:1]), a_map]


@pytest.mark.parametrize("draw", DRAWN)
@pytest.mark.parametrize("ending", ["svg", "pdf", "PNG"])
def test_a_picture_is_what_its_ending_says_and_the_same_each_time(tmp_path, draw, ending):
    path, again = tmp_path / f"a.{ending}", tmp_path / f"b.{ending}"
    save_figure(draw(), path)
    save_figure(draw(), again)
    content = path.read_bytes()
    assert content == again.read_bytes()
    assert b"Date" not in content
    if ending == "svg":
        assert ElementTree.fromstring(content).tag.endswith("svg")
    else:
        assert content.startswith(b"%PDF-" if ending == "pdf" else b"\x89PNG")


@pytest.mark.parametrize("draw", DRAWN)
@pytest.mark.parametrize(("size", "dpi"), [((3.5, 4), 200), ((3.3, 4.1), 133)])
def test_size_and_dpi_are_kept_to_the_pixel(tmp_path, draw, size, dpi):
    save_figure(draw(), tmp_path / "a.png", size=size, dpi=dpi)
    with Image.open(tmp_path / "a.png") as image:
        assert image.size == tuple(round(side * dpi) for side in size)
        assert image.info["dpi"] == pytest.approx((dpi, dpi), abs=0.1)


def test_dpi_alone_enlarges_all_of_a_picture(tmp_path):
    plain = pixels_of(draw_grid(DIGITS, ""), tmp_path)
    save_figure(draw_grid(DIGITS, ""), tmp_path / "a.png", dpi=300)
    with Image.open(tmp_path / "a.png") as image:
        twice = np.asarray(image.convert("RGB"))
    np.testing.assert_array_equal(twice, plain.repeat(2, 0).repeat(2, 1))


def test_images_keep_their_proportions_and_no_word_is_cut_off(tmp_path):
    figure = draw_grid(DIGITS, "A title that is too long for a picture of one column")
    save_figure(figure, tmp_path / "a.png", size=(3, 6))
    axes = figure.axes[0]
    height, width = axes.images[0].get_array().shape[:2]
    box = axes.get_window_extent()
    assert box.width / box.height == pytest.approx(width / height)
    words = [text for text in figure.findobj(Text) if text.get_text()]
    assert all(text.get_window_extent().x1 <= figure.bbox.width + 1 for text in words)


def test_curves_of_a_narrow_picture_stand_below_each_other(tmp_path):
    figure = draw_curves(ROWS)
    assert len({axes.get_position().y0 for axes in figure.axes}) == 2
    save_figure(figure, tmp_path / "a.png", size=(3.5, 6))
    places = [axes.get_position() for axes in figure.axes]
    assert len({place.y0 for place in places}) == 3
    assert not any(a.overlaps(b) for a in places for b in places if a is not b)


def test_a_map_of_many_points_is_pixels_within_a_vector_picture(tmp_path):
    for count in (1000, 3000):
        save_figure(a_map(count), tmp_path / f"{count}.svg")
    few, many = (tmp_path / f"{count}.svg" for count in (1000, 3000))
    assert b"<image" not in few.read_bytes()
    assert b"<image" in many.read_bytes()


@pytest.mark.parametrize(
    ("name", "more", "match"),
    [
        ("a.gif", {}, r"a\.gif must end in \.png, \.svg or \.pdf, its format"),
        ("a", {}, "must end in"),
        ("a.png", {"size": (0.5, 0.5)}, r"In 0\.5x0\.5 inches .* no room beside its words"),
        ("a.png", {"size": (100, 100), "dpi": 1000}, r"100,000 x 100,000 pixels is too large"),
    ],
)
def test_refusals_leave_no_file(tmp_path, name, more, match):
    with pytest.raises(UserError, match=match):
        save_figure(draw_curves(ROWS), tmp_path / name, **more)
    assert list(tmp_path.iterdir()) == []


def test_a_notebook_shows_a_picture_that_was_changed_in_the_kits_style():
    figure = draw_curves(ROWS)
    before = figure._repr_png_()
    assert isinstance(figure, Figure)
    figure.axes[0].set_title("mine")
    after = figure._repr_png_()
    assert before != after
    with Image.open(io.BytesIO(after)) as image:
        assert image.size == tuple(int(side) for side in figure.get_size_inches() * 112.5)


# Films.


@pytest.fixture
def film():
    frames = np.random.default_rng(0).integers(0, 256, (5, 21, 33, 3), dtype=np.uint8)
    return Film(frames, rate=10)


def test_a_gif_has_all_frames_at_their_rate_and_begins_anew(tmp_path, film):
    film.save(tmp_path / "a.gif")
    with Image.open(tmp_path / "a.gif") as gif:
        assert (gif.size, gif.n_frames, gif.info["loop"]) == ((33, 21), 5, 0)
        assert {f.info["duration"] for f in ImageSequence.all_frames(gif)} == {100}
    assert film._repr_html_().startswith('<img alt="5 frames" width="33" ')
    assert 'src="data:image/gif;base64,' in film._repr_html_()


def test_grey_frames_lose_no_grey(tmp_path):
    grey = np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1).repeat(3, -1)
    Film(grey, rate=10).save(tmp_path / "a.gif")
    with Image.open(tmp_path / "a.gif") as gif:
        np.testing.assert_array_equal(np.asarray(gif.convert("RGB")), grey[0])


def test_a_film_of_another_size_is_not_stretched(tmp_path, film):
    film.save(tmp_path / "a.gif", size=(1, 2), dpi=66)
    with Image.open(tmp_path / "a.gif") as gif:
        shown = np.asarray(gif.convert("RGB"))
    assert shown.shape == (132, 66, 3)
    assert (shown[:45] == 255).all()
    assert (shown[87:] == 255).all()
    assert (shown[45:87] < 255).any()


def test_an_mp4_can_be_read(tmp_path, film):
    av = pytest.importorskip("av")
    film.save(tmp_path / "a.mp4", dpi=600)
    with av.open(str(tmp_path / "a.mp4")) as container:
        assert container.streams.video[0].average_rate == 10
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    assert [frame.shape for frame in frames] == [(84, 132, 3)] * 5
    true = film.frames[0].repeat(4, 0).repeat(4, 1).astype(float)
    assert np.abs(frames[0].mean(axis=-1) - true.mean(axis=-1)).mean() < 12


def test_mp4_without_its_encoder_says_what_to_install(tmp_path, film, monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(UserError, match=r"pip install 'vaekit\[video\]'. GIF needs nothing more"):
        film.save(tmp_path / "a.mp4")
    assert list(tmp_path.iterdir()) == []


def test_a_film_is_no_still(tmp_path, film):
    with pytest.raises(UserError, match=r"a\.png must end in \.gif or \.mp4"):
        film.save(tmp_path / "a.png")
