"""What a run makes of images doesn't depend on which others lie beside them."""

from __future__ import annotations

import json
import shutil

import h5py
import numpy as np
import pytest

import vaekit
from tests.small_nets import SMALL_NETS
from vaekit.data import as_dataset, as_pixels, load_data, recorded_scale
from vaekit.errors import DataError, VaekitWarning
from vaekit.pixels import as_floats

BYTES = np.random.default_rng(0).integers(0, 256, (20, 12, 12), np.uint8)
DARK = np.zeros((1, 12, 12), np.uint8)
DARK[0, 3:6, 3:6] = 1
SMALL = {**SMALL_NETS, "epochs": 1, "batch_size": 8}


def train(out, data):
    return vaekit.train(data=data, out=str(out), progress=False, **SMALL)


def floats(images, scale):
    return as_floats(as_pixels(images, scale))[..., 0]


@pytest.mark.parametrize(
    ("train_images", "scale"),
    [
        (BYTES, {"uint8": 255}),
        (BYTES.astype("u2"), {"uint16": 255}),
        (BYTES.astype(">u2") * 257, {"uint16": 65535}),
        (BYTES.astype("i8"), {"int64": 255}),
        (BYTES.astype("f4"), {"float32": 255}),
        (BYTES / 255, {"float64": 1}),
        (BYTES > 99, {"bool": 1}),
        ((BYTES > 99).astype("u1"), {"uint8": 1}),
    ],
    ids=["u1", "u2 of bytes", "u2", "i8", "f4 of bytes", "f8", "bool", "masks"],
)
def test_a_type_keeps_its_scale(train_images, scale):
    assert as_dataset(train_images).scale == scale
    (dtype, white), *_ = scale.items()
    dark = DARK.astype(dtype)  # alone, its largest value is 1
    np.testing.assert_allclose(floats(dark, scale), DARK / np.float32(white))
    bright = np.concatenate([dark, np.full_like(dark, white)])
    np.testing.assert_array_equal(floats(bright, scale)[:1], floats(dark, scale))
    assert floats(bright, scale)[1].min() == 1


@pytest.mark.parametrize(
    ("images", "scale", "text"),
    [
        (
            np.full((1, 8, 8), 256, "u2"),
            {"uint16": 255},
            "to 256, but uint16 images go from 0",
        ),
        (np.full((1, 8, 8), 2, "u1"), {"uint8": 1}, "own images are uint8, 0 and 1. Scale"),
        (np.full((1, 8, 8), -1, "i8"), {"int64": 255}, "values from -1"),
        (np.full((1, 8, 8), 1.5), {"uint8": 255}, "float64 images go from 0 to 1 here"),
        (np.full((1, 8, 8), 200.0), {"float64": 1}, "to 200"),
        (np.full((1, 8, 8), 300.0), {"float32": 255}, "float64 images go from 0 to 255 here"),
        (np.full((1, 8, 8), 9, "i8"), {"uint16": 65535}, "nothing says which value is white"),
        (np.full((1, 8, 8), 9, "i8"), {"bool": 1}, "nothing says which value is white"),
        (np.full((1, 8, 8), 1, "u1"), {"bool": 1}, "masks as that type"),
        (np.full((1, 8, 8), 1j), {"uint8": 255}, "complex128"),
        (np.full((1, 8, 8), np.nan), {"uint8": 255}, "NaN"),
    ],
)
def test_what_the_scale_cannot_take_is_refused(images, scale, text):
    with pytest.raises(DataError, match=text):
        as_pixels(images, scale)


@pytest.mark.parametrize(
    ("images", "scale", "white"),
    [
        (DARK, {"uint16": 65535}, 255),
        (DARK, {"float64": 255}, 255),
        (DARK.astype("u2"), {"uint8": 255}, 65535),
        (DARK.astype("i8"), {"uint8": 255}, 255),
        (DARK.astype("f4"), {"uint8": 255}, 1),
        (DARK.astype("f4"), {"float64": 1}, 1),
        (DARK > 0, {"uint8": 255}, 1),
        (DARK.astype("u2"), {}, 65535),
    ],
)
def test_another_type_has_its_whole_range(images, scale, white):
    np.testing.assert_allclose(floats(images, scale), DARK / np.float32(white))


def test_floats_of_any_width_are_as_the_runs():
    scale = {"float64": 255}
    np.testing.assert_allclose(floats(BYTES.astype("f4"), scale), BYTES / np.float32(255))
    with pytest.warns(VaekitWarning, match=r"float32 within 0\.\.1, and 255 is white: .*float64"):
        dark = floats(np.full((1, 8, 8), 0.5, "f4"), scale)
    np.testing.assert_allclose(dark, 0.5 / 255)


@pytest.mark.parametrize(
    ("images", "text"),
    [
        (BYTES // 16, "up to 15 only, where 255 is white"),
        (BYTES // 16 / 1.0, "up to 15 only"),
        (BYTES.astype("u2") * 16, "up to 4080 only, where 65535"),
    ],
)
def test_few_bits_in_a_wide_type_are_said(images, text):
    with pytest.warns(VaekitWarning, match=text.replace("is white", "is taken for white")):
        as_dataset(images)


def test_floats_around_zero_are_refused_with_what_helps():
    with pytest.raises(DataError, match=r"from -1 to 1.*\(x \+ 1\) / 2"):
        as_dataset(np.linspace(-1, 1, 128).reshape(2, 8, 8))


@pytest.fixture(scope="module")
def deep(tmp_path_factory):
    """A run that was trained on uint16, 0..65535."""
    return train(tmp_path_factory.mktemp("deep") / "run", BYTES.astype("u2") * 257)


def test_a_run_scales_by_its_record(deep):
    assert deep.record.data.scale == {"uint16": 65535}
    dark = DARK.astype("u2") * 200
    alone = deep.encode(dark).z_mean
    wanted = deep.encode((dark / 65535).astype("f4")).z_mean
    np.testing.assert_allclose(alone, wanted, rtol=1e-5)
    beside = deep.encode(np.concatenate([dark, dark + 60000])).z_mean[:1]
    np.testing.assert_allclose(alone, beside, rtol=1e-5)
    assert abs(alone - deep.encode((dark / 255).astype("f4")).z_mean).max() > 1e-4
    np.testing.assert_allclose(deep.reconstruct(dark), deep.decode(wanted), rtol=1e-5)


@pytest.mark.parametrize("kind", ["array", "npz", "h5", "pair"])
def test_every_source_for_a_run_is_scaled_by_its_record(deep, tmp_path, kind):
    dark = np.repeat(DARK.astype("u2") * 200, 3, axis=0)
    source = {"array": dark, "pair": (dark, [0, 1, 2])}.get(kind, str(tmp_path / f"a.{kind}"))
    np.savez(tmp_path / "a.npz", images=dark)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["images"] = dark
    pixels = deep.dataset(source).train.pixels
    np.testing.assert_allclose(pixels[..., 0], dark / np.float32(65535))
    wanted = deep.evaluate((dark / 65535).astype("f4"))
    assert deep.evaluate(source)["mse"] == pytest.approx(wanted["mse"], rel=1e-5)


def test_a_data_set_read_for_itself_is_not_taken_for_darker(deep):
    read = load_data(DARK.astype("u2") * 200)
    assert read.scale == {"uint16": 255}
    with pytest.raises(DataError, match=r"uint16 images from 0 to 255; the run's go to 65535"):
        deep.evaluate(read)
    deep.evaluate(load_data(BYTES.astype("u2") * 257))


def test_a_checked_data_set_is_not_scaled_again():
    masks = as_dataset((BYTES > 99).astype("u1"))
    again = as_dataset(masks)
    np.testing.assert_array_equal(again.train.pixels, masks.train.pixels)
    assert again.scale == masks.scale
    dark = as_dataset(DARK, scale={"uint8": 255})
    np.testing.assert_array_equal(as_dataset(dark).train.pixels[..., 0], DARK)


def test_a_run_goes_on_with_its_scale(deep, tmp_path):
    shutil.copytree(deep.path, tmp_path / "run")
    darker = BYTES.astype("u2")  # of itself, white would be 255
    run = vaekit.resume(
        tmp_path / "run", data=darker, epochs=2, progress=False, allow_change=["data"]
    )
    assert run.record.data.scale == {"uint16": 65535}
    assert run.record.data.range[1] < 0.01


@pytest.mark.parametrize(
    ("text", "scale"),
    [
        ("uint8, 0..255", {"uint8": 255}),
        (">u2, 0..65535", {"uint16": 65535}),
        ("uint8, 0 and 1", {"uint8": 1}),
        ("uint8, 0..255 and float64, 0..1", {"uint8": 255, "float64": 1}),
    ],
)
def test_a_record_of_before_scales_were_kept(text, scale):
    assert recorded_scale({}, text) == scale


def test_an_old_run_scales_as_its_type_says(deep, tmp_path):
    shutil.copytree(deep.path, tmp_path / "run")
    (tmp_path / "run/manifest.json").unlink()
    record = json.loads((tmp_path / "run/run.json").read_text())
    del record["data"]["scale"]
    (tmp_path / "run/run.json").write_text(json.dumps(record))
    dark = DARK.astype("u2") * 200
    old = vaekit.load(tmp_path / "run")
    np.testing.assert_allclose(old.encode(dark).z_mean, deep.encode(dark).z_mean, rtol=1e-5)


def test_a_record_that_does_not_say():
    with pytest.warns(VaekitWarning, match="doesn't say which value of its images is white"):
        assert recorded_scale({}, "drawn by hand") == {}


def test_floats_are_made_in_one_place():
    np.testing.assert_array_equal(as_floats(np.array([0, 51, 255], "u1")), np.float32([0, 0.2, 1]))
    assert as_floats(np.array([0.5])).dtype == np.float32
    with pytest.raises(TypeError, match="uint16"):
        as_floats(np.zeros(3, "u2"))
