"""Images of every type and range: the same z alone and in batches, in Python and on the line."""

from __future__ import annotations

import json
import shutil

import h5py
import numpy as np
import pytest
from click.testing import CliRunner

import vaekit
from vaekit import api
from vaekit.cli import main
from vaekit.data import as_dataset

BYTES = np.random.default_rng(0).integers(0, 256, (12, 8, 8), np.uint8)
BYTES[0] //= 100  # a dark one: 0, 1 and 2
BYTES[1] = 0
DEEP = BYTES.astype("u2") * 257
MASKS = BYTES > 99

TYPES = {
    "bool": MASKS,
    "uint8": BYTES,
    "uint8, masks": MASKS.astype("u1"),
    "uint8, 4 bits": BYTES // 16,
    "uint16": DEEP,
    "uint16, big-endian": DEEP.astype(">u2"),
    "uint16, 12 bits": BYTES.astype("u2") * 16,
    "uint16, bytes": BYTES.astype("u2"),
    "int16, bytes": BYTES.astype("i2"),
    "uint32, bytes": BYTES.astype("u4"),
    "int64, bytes": BYTES.astype("i8"),
    "float16": (BYTES / 255).astype("f2"),
    "float32": (BYTES / 255).astype("f4"),
    "float64": BYTES / 255,
    "float16, bytes": BYTES.astype("f2"),
    "float32, bytes": BYTES.astype("f4"),
    "float64, bytes": BYTES.astype("f8"),
}


@pytest.fixture(params=TYPES)
def images(request):
    return TYPES[request.param]


@pytest.fixture
def scaled_run(run, images, monkeypatch):
    """The shared run as if it had been trained on these images; commands get it, too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("warnings.warn", lambda *_, **__: None)
        scale = dict(as_dataset(images).scale)
    data = run.record.data.model_copy(update={"scale": scale})
    record = run.record.model_copy(update={"data": data})
    monkeypatch.setattr(run._images, "_record", record)
    monkeypatch.setattr(api, "load", lambda _: run)
    return run


@pytest.fixture
def by_command(scaled_run, tmp_path):
    """Encodes images by the command, from a file of their type."""

    def encode(images):
        np.savez(tmp_path / "images.npz", images=images)
        source, out = str(tmp_path / "images.npz"), str(tmp_path / "z.h5")
        args = ["encode", "RUN", "--data", source, "--out", out]
        result = CliRunner().invoke(main, args, prog_name="vaekit")
        assert result.exit_code == 0, result.output
        with h5py.File(out) as file:
            return file["z_mean"][:]

    return encode


@pytest.mark.filterwarnings("ignore::vaekit.errors.VaekitWarning")
def test_the_same_z_each_time(scaled_run, by_command, images):
    (white,) = scaled_run.scale.values()
    floats = (images.astype("f8") / white).astype("f4")[..., None]
    wanted = scaled_run.posterior(floats).z_mean
    close = {"rtol": 1e-4, "atol": 1e-6}
    np.testing.assert_allclose(scaled_run.encode(images).z_mean, wanted, **close)
    np.testing.assert_allclose(by_command(images), wanted, **close)
    for number in (0, 1, 5):
        alone = images[number : number + 1]
        one = wanted[number : number + 1]
        np.testing.assert_allclose(scaled_run.encode(alone).z_mean, one, **close)
        np.testing.assert_allclose(by_command(alone), one, **close)
        pair = scaled_run.encode(images[[number, 7]]).z_mean[:1]
        np.testing.assert_allclose(pair, one, **close)


@pytest.mark.parametrize(
    ("dtype", "scale", "beyond"),
    [
        ("uint8", {"uint8": 1}, 2),
        ("uint16", {"uint16": 255}, 256),
        ("int16", {"int16": 255}, -1),
        ("int64", {"uint8": 255}, 256),
        ("float32", {"float32": 1}, 1.5),
        ("float64", {"float32": 1}, -0.5),
        ("float16", {"float64": 255}, 256),
    ],
)
def test_beyond_the_range_is_refused_not_rescaled(run, tmp_path, monkeypatch, dtype, scale, beyond):
    data = run.record.data.model_copy(update={"scale": scale})
    record = run.record.model_copy(update={"data": data})
    monkeypatch.setattr(run._images, "_record", record)
    monkeypatch.setattr(api, "load", lambda _: run)
    images = np.ones((2, 8, 8), dtype)
    images[1, 3, 3] = beyond
    with pytest.raises(vaekit.DataError, match=rf"to .*, but {dtype} images go from 0 to"):
        run.encode(images)
    np.savez(tmp_path / "images.npz", images=images)
    args = [
        "encode",
        "RUN",
        "--data",
        str(tmp_path / "images.npz"),
        "--out",
        str(tmp_path / "z.h5"),
    ]
    result = CliRunner().invoke(main, args, prog_name="vaekit")
    assert result.exit_code == 2
    assert f"{dtype} images go from 0 to" in result.stderr
    assert not (tmp_path / "z.h5").exists()


def test_a_model_file_beside_a_record_has_its_scale(run_folder, tmp_path):
    """One that lies elsewhere takes each type with its whole range, whatever the images."""

    def encode(dtype, model):
        np.savez(tmp_path / "images.npz", images=np.full((2, 8, 8), 200, dtype))
        source, out = str(tmp_path / "images.npz"), str(tmp_path / "z.h5")
        args = ["encode", str(model), "--data", source, "--out", out]
        result = CliRunner().invoke(main, args, prog_name="vaekit")
        assert result.exit_code == 0, result.output
        with h5py.File(out) as file:
            return file["z_mean"][0]

    lone = shutil.copy(run_folder / "VAE_encoder.keras", tmp_path / "lone.keras")
    of_bytes, of_deep = encode("u1", lone), encode("u2", lone)
    assert abs(of_bytes - of_deep).max() > 1e-3
    record = json.loads((run_folder / "run.json").read_text())
    record["data"]["scale"] = {"uint16": 255}
    (tmp_path / "run.json").write_text(json.dumps(record))
    np.testing.assert_allclose(encode("u2", lone), of_bytes, rtol=1e-5)
