"""That the gallery's page is that of its results, and says so where it isn't."""

from __future__ import annotations

import make_gallery
import numpy as np
import pytest

from vaekit.presets import named_preset, named_presets


@pytest.fixture
def gallery(tmp_path, monkeypatch):
    """A gallery of one preset, in a folder of its own."""
    monkeypatch.setattr(make_gallery, "FOLDER", tmp_path)
    monkeypatch.setattr(make_gallery, "RESULTS", tmp_path / "results.json")
    monkeypatch.setattr(make_gallery, "PAGE", tmp_path / "gallery.md")
    row = {"command": "", "data": "", "elbo": -99.5, "no_elbo": "", "psnr": 16.0, "seconds": 30}

    def trained(preset, out):
        (tmp_path / f"{preset.name}.png").write_bytes(b"")
        return {**row, "command": " ".join(make_gallery.command(preset))}

    monkeypatch.setattr(make_gallery, "trained", trained)
    assert make_gallery.main(["svae"]) == 0
    return tmp_path


def test_the_page_is_that_of_the_results():
    assert make_gallery.stale() == []


def test_one_row_can_be_made_again_alone(gallery):
    assert make_gallery.main(["vae"]) == 0
    text = (gallery / "gallery.md").read_text()
    assert text.index("**vae**") < text.index("**svae**")  # as the presets' table has them
    assert make_gallery.main(["--check"]) == 0


def test_a_stale_page_is_told_and_left_alone(gallery, capsys):
    (gallery / "gallery.md").write_text("old")
    assert make_gallery.main(["--check"]) == 1
    assert "gallery.md is stale" in capsys.readouterr().err
    assert (gallery / "gallery.md").read_text() == "old"


def test_a_picture_that_is_large_or_lacks_is_told(gallery):
    picture = gallery / "svae.png"
    picture.write_bytes(bytes(make_gallery.LARGEST + 1))
    assert any("svae.png" in text for text in make_gallery.stale())
    picture.unlink()
    assert any("svae.png" in text for text in make_gallery.stale())


def test_another_command_is_told(gallery, monkeypatch):
    monkeypatch.setitem(make_gallery.COMMON, "epochs", 11)
    assert "svae was run by another command" in make_gallery.stale()


def test_what_has_no_elbo_says_why(gallery):
    result = {
        "command": "c",
        "elbo": None,
        "no_elbo": "the loss states none",
        "psnr": 1,
        "seconds": 1,
    }
    assert "| none: the loss states none |" in make_gallery.line(named_preset("aae"), result)


def test_images_are_put_side_by_side():
    sheet = make_gallery.tiled(np.zeros((3, 4, 4, 1)))
    assert sheet.shape == (4 + make_gallery.GAP, 3 * (4 + make_gallery.GAP))
    assert sheet.sum() == sheet.size - 3 * 16


@pytest.mark.parametrize("preset", named_presets().values(), ids=lambda preset: preset.name)
def test_every_preset_has_a_command(preset):
    words = make_gallery.command(preset)
    assert words[:4] == ["vaekit", "train", "--preset", preset.name]
