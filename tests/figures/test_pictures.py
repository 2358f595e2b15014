"""The pictures of a run by name: from a notebook, at the end of a training, as a command."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

import vaekit
from tests.bad_input.refusals import refused, usage_refused
from tests.cli.commands import cli, picture
from vaekit.errors import UserError
from vaekit.figures import PICTURES, Film

pytestmark = pytest.mark.pictures
SMALL = {"encoder": "small", "decoder": "small", "data": "digits", "limit": 40, "epochs": 1}


@pytest.fixture(scope="module")
def grouped(tmp_path_factory):
    """A run that goes by the class, of two latents."""
    out = tmp_path_factory.mktemp("grouped") / "run"
    return vaekit.train(
        **SMALL, condition="labels", loss="elbo", figures=False, progress=False, out=str(out)
    )


@pytest.mark.parametrize("name", PICTURES)
def test_each_picture_is_drawn_by_its_name_or_its_beginning(run, name):
    drawn = run.show(name[:-2], **({"count": 3} if name == "walk" else {}))
    if name == "walk":
        assert isinstance(drawn, Film)
        assert drawn.frames.shape == (60, 8, 8, 3)
        assert 'width="320"' in drawn._repr_html_()
    else:
        assert isinstance(drawn, Figure)


def test_what_shows_most_of_a_run_is_shown_without_a_name(run, grouped):
    title = run.show().axes[0].get_title("left")
    assert title == "Decoded at the quantiles of the prior N(0, I)"
    assert grouped.show().axes[0].get_title("left").startswith("Decoded from draws")


def test_options_of_a_picture(run, grouped):
    assert run.show("manifold", steps=5).axes[0].get_xlim() == (0, 5 * 8)
    assert len(run.show("reconstructions", count=3).axes[0].texts) == 3
    of_class = grouped.show("manifold", label=3)
    assert of_class.axes[0].get_title("left").endswith(", class 3")
    other = grouped.show("manifold", label=2)
    canvases = [np.asarray(each.axes[0].images[0].get_array()) for each in (of_class, other)]
    assert not np.array_equal(*canvases)


def test_data_is_where_images_come_from(run, digits):
    shown = run.show("reconstructions", digits[:2])
    canvas = np.asarray(shown.axes[0].images[0].get_array())
    np.testing.assert_array_equal(canvas[:8, :8, 0], digits[0, ..., 0])


@pytest.mark.parametrize(
    ("name", "options", "match"),
    [
        ("latnet", {}, r"'latnet': the pictures are latent, .* walk\. Did you mean 'latent'\?"),
        ("latent", {"steps": 3}, r"'latent' has no option 'steps': it has count\."),
        ("samples", {"count": 0}, "ask for at least 1"),
        ("manifold", {"steps": 1}, "at least 2 steps"),
        ("manifold", {"steps": 9999}, "at most 1625 steps have room"),
        ("manifold", {"label": 1}, "has no condition, so leave out label"),
        ("interpolations", {"way": "bent"}, "choose linear or spherical"),
        ("walk", {"count": 1}, None),
    ],
)
def test_what_cannot_be_drawn_is_a_sentence(run, name, options, match):
    if match is None:
        assert len(run.show(name, **options).frames) == 20  # from an image to itself
        return
    with pytest.raises(UserError, match=match):
        run.show(name, **options)


def test_a_run_without_a_plane_says_why(grouped, run_folder, tmp_path):
    with pytest.raises(UserError, match=r"goes by the class of an image: say label=0"):
        grouped.show("manifold")
    out = tmp_path / "run"
    deep = vaekit.train(**SMALL, latent_dim=3, figures=False, progress=False, out=str(out))
    with pytest.raises(UserError, match=r"no manifold .* two real values .* and z is 3 under it"):
        deep.show("manifold")


def test_ways(run, digits):
    """The spherical way keeps the length of z where both ends have the same."""
    ends = np.array([[3.0, 0.0], [0.0, 3.0]], "float32")
    a, b = ends[:1, None], ends[1:, None]
    from vaekit.run.latent_lines import way_between

    share = np.linspace(0, 1, 5)[None]
    spherical = way_between(run.model.latent, "spherical")(a, b, share)[0]
    np.testing.assert_allclose(np.linalg.norm(spherical, axis=-1), 3, rtol=1e-6)
    np.testing.assert_allclose(spherical[2], [3 / 2**0.5] * 2, rtol=1e-6)
    linear = way_between(run.model.latent, "linear")(a, b, share)[0]
    np.testing.assert_allclose(linear[2], [1.5, 1.5], rtol=1e-6)
    # Without a circle between them, the way is straight.
    for end in (-a, 2 * a, 0 * a):
        straight = way_between(run.model.latent, "spherical")(a, end, share)
        np.testing.assert_allclose(straight, a * (1 - share[..., None]) + end * share[..., None])
    pairs = [run.interpolate(digits[:2], steps=5, way=way) for way in ("linear", None, "spherical")]
    np.testing.assert_array_equal(pairs[0], pairs[1])
    np.testing.assert_allclose(pairs[0][:, [0, -1]], pairs[2][:, [0, -1]], atol=1e-4)
    assert np.abs(pairs[0] - pairs[2]).max() > 1e-4
    with pytest.raises(UserError, match="choose linear or spherical"):
        run.interpolate(digits[:2], way="bent")


# As a command.


def test_a_figure_lies_in_the_run_by_default(run_folder, tmp_path):
    folder = shutil.copytree(run_folder, tmp_path / "copy")
    out = cli("figure", folder, "curves", "--format", "svg")
    assert out == f"{folder / 'figures' / 'loss.svg'}\n"
    assert "<svg" in Path(out.strip()).read_text()
    assert vaekit.load(folder).directory.checksums is not None


def test_format_size_and_dpi_of_a_command(run_folder, tmp_path):
    path = tmp_path / "m.png"
    args = ("figure", run_folder, "manifold", "--steps", 9, "--size", "3.5x3", "--dpi", 200)
    cli(*args, "--out", path)
    assert picture(path).shape[:2] == (600, 700)
    cli(*args, "--out", tmp_path / "m.pdf")
    assert (tmp_path / "m.pdf").read_bytes().startswith(b"%PDF-")


def test_the_older_commands_write_by_the_ending_too(run_folder, tmp_path):
    for command in (["sample", "-n", 3], ["interpolate", "--way", "spherical", "--steps", 3]):
        cli(command[0], run_folder, *command[1:], "--out", tmp_path / f"{command[0]}.svg")
        assert "<svg" in (tmp_path / f"{command[0]}.svg").read_text()


def test_a_walk_is_a_film(run_folder, tmp_path):
    cli("figure", run_folder, "walk", "-n", 3, "--steps", 4, "--out", tmp_path / "w.gif")
    with Image.open(tmp_path / "w.gif") as gif:
        assert (gif.n_frames, gif.size) == (12, (320, 320))


@pytest.mark.parametrize(
    ("args", "match"),
    [
        (["latnet"], r"Did you mean 'latent'\?"),
        (["latent", "--format", "bmp"], r"latent\.bmp must end in \.png, \.svg or \.pdf"),
        (["walk", "--format", "png"], r"walk\.png must end in \.gif or \.mp4"),
        (["latent", "--format", "svg", "--out", "a.png"], "name two formats"),
        (["curves", "--size", "1x1", "--out", "a.png"], "no room beside its words"),
        (["samples", "--data", "digits"], "shows no images of a data source: leave out --data"),
        (["curves", "--seed", "1"], "has no option 'seed': it has none"),
        (["latent", "--out", "no/a.png"], r"Can't write no/a\.png"),
    ],
)
def test_refusals(run_folder, tmp_path, args, match):
    refused(tmp_path, "figure", run_folder, *args, match=match)


@pytest.mark.parametrize(
    ("size", "match"),
    [("3", "not a size in inches like 3.5x2.5"), ("0x3", "not between 0 and 100 inches")],
)
def test_sizes_that_are_none(run_folder, tmp_path, size, match):
    usage_refused(tmp_path, "figure", run_folder, "latent", "--size", size, match=match)


def test_data_for_a_picture_of_none_is_refused(run, digits):
    with pytest.raises(UserError, match="samples shows no images of a data source: leave out data"):
        run.show("samples", digits)
