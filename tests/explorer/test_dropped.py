"""Image files that are dropped on the page: taken as the run's own were, or refused in a line."""

from __future__ import annotations

import base64
import io
import json
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.explorer.conftest import Served, served, small_run
from tests.untrusted.every_case import CASES

HOSTILE = [name for name in CASES if name.startswith("png-")]


def encoded(pixels: np.ndarray, form: str = "PNG", **more: Any) -> bytes:
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, form, **more)
    return content.getvalue()


def taken(made: Served, content: bytes, query: str = "") -> dict[str, Any]:
    answer = json.loads(made.post(f"file{query}", content))
    for name in ("z", "image", "reconstruction"):
        answer[name] = np.frombuffer(base64.b64decode(answer[name]), "<f4")
    return answer


GREY = np.arange(64, dtype="u1").reshape(8, 8) * 3


def test_an_image_of_the_runs_size_is_taken_as_it_is(digits):
    dropped = taken(digits, encoded(GREY))
    pixels = GREY[np.newaxis, ..., np.newaxis]
    run = digits.run
    assert dropped["note"] == ""
    np.testing.assert_allclose(dropped["image"], pixels.ravel() / 255, atol=1e-6)
    np.testing.assert_allclose(dropped["z"], run.latents(pixels / 255)[0], atol=1e-5)
    decoded = run.reconstruct(pixels / 255)
    np.testing.assert_allclose(dropped["reconstruction"], decoded.ravel(), atol=1e-5)


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF", "PPM"])
def test_every_format_is_known_by_its_content(digits, form):
    pixels = np.stack([GREY, GREY, GREY], -1)
    if form == "GIF":
        pixels = GREY
    assert len(taken(digits, encoded(pixels, form))["image"]) == 64


def test_what_is_done_to_an_image_is_said(digits):
    photo = np.zeros((80, 120, 3), "u1")
    photo[:, 10:110] = 255  # the centre, all of which is white
    dropped = taken(digits, encoded(photo))
    assert dropped["note"] == (
        "The run works on 8x8: such images are cropped to their centre from 80x120. "
        "Its colours are made grey."
    )
    np.testing.assert_array_equal(dropped["image"], np.ones(64))


def test_of_several_pictures_the_first_is_taken(digits):
    content = io.BytesIO()
    first, second = Image.fromarray(GREY), Image.fromarray(GREY[::-1])
    first.save(content, "TIFF", save_all=True, append_images=[second])
    dropped = taken(digits, content.getvalue())
    assert "the first is taken" in dropped["note"]
    np.testing.assert_allclose(dropped["image"], GREY.ravel() / 255, atol=1e-6)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_images_get_a_line(digits, tmp_path, name):
    folder = tmp_path / "made"
    folder.mkdir()
    path = CASES[name].make(folder, tmp_path / "canary")
    refusal = digits.refused("file", path.read_bytes())
    assert refusal.startswith("It can't be read as an image: ")
    assert refusal.endswith(".")
    assert refusal.isprintable()
    assert "/" not in refusal.replace("8/", "")  # no path of this machine
    assert len(refusal) < 300


@pytest.mark.parametrize("content", [b"", b"\0", b"hello", b"%!PS-Adobe", b"\x89PNG\r\n\x1a\n"])
def test_what_is_no_image_gets_a_line(digits, content):
    assert "It can't be read as an image: " in digits.refused("file", content)


def test_nothing_of_a_dropped_file_stays(digits, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    taken(digits, encoded(GREY))
    digits.refused("file", b"hello")
    assert list(tmp_path.iterdir()) == []


def test_codes_come_with_the_z_that_they_look_up(digits, monkeypatch):
    assert "codes" not in taken(digits, encoded(GREY))
    # Any column that the latent tells stands for codes here.
    monkeypatch.setattr(type(digits.run.model.latent), "code_name", "z_log_var")
    pixels = GREY[np.newaxis, ..., np.newaxis] / 255
    codes = np.frombuffer(base64.b64decode(taken(digits, encoded(GREY))["codes"]), "<f4")
    np.testing.assert_allclose(codes, digits.run.encode(pixels).z_log_var[0], atol=1e-5)


# runs of other images


def test_a_run_in_colour_takes_grey_images_too(colours):
    grey = np.arange(256).reshape(16, 16).astype("u1")
    dropped = taken(colours, encoded(grey), "?label=1")
    np.testing.assert_allclose(dropped["image"].reshape(16, 16, 3)[..., 2], grey / 255, atol=1e-6)
    z = np.frombuffer(colours.post("encode?label=1", dropped["image"].tobytes()), "<f4")
    np.testing.assert_allclose(dropped["z"], z, atol=1e-5)
    assert "?label=N" in colours.refused("file", encoded(grey))


def test_an_image_comes_to_its_size_as_the_runs_did(colours):
    tall = taken(colours, encoded(np.full((32, 8), 255, "u1")), "?label=0")
    assert "padded with black" in tall["note"]
    image = tall["image"].reshape(16, 16, 3)
    assert image[:, 0].max() == 0
    assert image[:, 8].min() == 1


def test_a_run_in_black_and_white_sees_an_image_so(tmp_path):
    made = served(small_run(tmp_path / "run", binarize="threshold"))
    dropped = taken(made, encoded(GREY))
    np.testing.assert_array_equal(dropped["image"], (GREY >= 128).ravel().astype("f4"))
