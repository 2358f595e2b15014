"""A saved run: in vaekit, and in plain Keras where vaekit is not installed."""

from __future__ import annotations

import json
import subprocess
import sys

import keras
import numpy as np
import pytest
from click.testing import CliRunner

import vaekit
from vaekit.cli import main
from vaekit.errors import DamagedError, DataError, RunError, UserError
from vaekit.run import verify_run

FORMATS = (".h5", ".keras")
ARTIFACTS = [
    *(f"{name}{ending}" for name in ("VAE_encoder", "VAE_decoder", "VAE") for ending in FORMATS),
    "VAE_posterior.keras",
]


def test_leaves_all_of_the_run_directory(run_folder):
    files = {str(p.relative_to(run_folder)) for p in run_folder.rglob("*") if p.is_file()}
    assert files == {
        "run.json",
        "history.csv",
        *ARTIFACTS,
        "manifest.json",
        "checkpoints/latest",
        "checkpoints/best",
        *(
            f"checkpoints/step-00000000{step}/{name}"
            for step in (3, 6)
            for name in ("state.npz", "state.json", "manifest.json")
        ),
        *(f"figures/{n}.png" for n in ("latent", "loss", "manifold", "reconstructions", "samples")),
        "figures/training.gif",
        "figures/frames.zip",
    }


def test_traverse_moves_each_latent_alone_those_of_most_kl_first(run, digits):
    for image, start in ((None, [0, 0]), (digits[:1], run.encode(digits[:1]).z_mean[0])):
        walk = run.traverse(image, steps=5, span=2)
        kl = np.array([run.history[-1][f"val_kl_dim_{n}"] for n in (0, 1)])
        assert walk.latents.tolist() == np.argsort(-kl).tolist()
        np.testing.assert_array_equal(walk.kl, np.sort(kl)[::-1])
        np.testing.assert_array_equal(walk.values, [-2, -1, 0, 1, 2])
        for latent, images in zip(walk.latents, walk.images, strict=True):
            z = np.tile(np.asarray(start, float), (5, 1))
            z[:, latent] = walk.values
            np.testing.assert_allclose(images, run.decode(z), atol=1e-6)
    assert run.traverse(latents=1).images.shape == (1, 7, 8, 8, 1)
    with pytest.raises(UserError, match="starts from one image, not from 16"):
        run.traverse(digits)
    with pytest.raises(UserError, match="needs a latent, two steps"):
        run.traverse(steps=1)


def test_interpolate_ends_at_reconstructions(run, digits):
    ways = run.interpolate(digits[:3], steps=3)
    assert ways.shape == (2, 3, 8, 8, 1)
    rebuilt, z = run.reconstruct(digits[:3]), run.encode(digits[:3]).z_mean
    np.testing.assert_allclose(ways[:, 0], rebuilt[:2], atol=1e-5)
    np.testing.assert_allclose(ways[:, -1], rebuilt[1:], atol=1e-5)
    np.testing.assert_allclose(ways[0, 1], run.decode(z[:2].mean(axis=0)[None])[0], atol=1e-5)
    with pytest.raises(UserError, match="at least two images"):
        run.interpolate(digits[:1])


def test_held_out_images_are_those_of_evaluate(run, digits):
    images, split, source, classes = run.held_out()
    assert (len(images.pixels), split, source, classes) == (
        180,
        "validation",
        "digits",
        tuple("0123456789"),
    )
    assert run.held_out(digits).split == "all"
    assert len(run.held_out(limit=3).images.pixels) == 3


PLAIN = """
import sys
class NoVaekit:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "vaekit":
            raise ModuleNotFoundError("vaekit is not installed here")
sys.meta_path.insert(0, NoVaekit())
import json, pathlib
import keras, numpy as np
folder = pathlib.Path(sys.argv[1])
z = np.load(sys.argv[2])
result = {}
for path in sorted(folder.glob("VAE*")):
    model = keras.models.load_model(path)
    result[path.name] = [model.name, model.count_params()]
    if path.stem == "VAE_decoder":
        np.save(sys.argv[2] + path.suffix + ".npy", model.predict(z, verbose=0))
    if path.stem == "VAE_encoder":
        draws = np.asarray(model(np.zeros((500, 8, 8, 1), "float32")))
        result[path.name].append(float(draws.std()))
print(json.dumps(result))
"""


def test_models_open_in_plain_keras(run, run_folder, tmp_path):
    z = np.random.default_rng(0).standard_normal((7, 2)).astype("float32")
    np.save(tmp_path / "z.npy", z)
    done = subprocess.run(
        [sys.executable, "-c", PLAIN, str(run_folder), str(tmp_path / "z.npy")],
        check=True,
        capture_output=True,
        text=True,
    )
    result = json.loads(done.stdout.splitlines()[-1])
    assert sorted(result) == sorted(ARTIFACTS)
    for ending in (".h5", ".keras"):
        assert result[f"VAE_encoder{ending}"][:2] == ["encoder_model", run.encoder.count_params()]
        assert result[f"VAE_decoder{ending}"] == ["decoder_model", run.decoder.count_params()]
        assert result[f"VAE{ending}"] == ["VAE", run.vae.count_params()]
        assert result[f"VAE_encoder{ending}"][2] > 0.1  # still draws after it was saved
        decoded = np.load(tmp_path / f"z.npy{ending}.npy")
        np.testing.assert_allclose(decoded, run.decode(z), atol=1e-6)


def test_encode_takes_any_form_of_the_same_images(run, digits):
    expected = run.encode(digits)
    for form in (digits[..., 0], digits / 255.0, (digits / 255.0).astype("float32")):
        for a, b in zip(expected, run.encode(form), strict=True):
            np.testing.assert_allclose(a, b, atol=1e-4)


def test_a_dark_image_is_encoded_as_dark(run):
    dark = np.zeros((1, 8, 8, 1), "uint8")
    dark[0, 3, 3] = 1
    np.testing.assert_allclose(run.encode(dark).z_mean, run.encode(dark / 255.0).z_mean, atol=1e-5)


def test_encode_in_chunks_is_encode_at_once(run):
    images = np.random.default_rng(0).random((600, 8, 8, 1), dtype="float32")
    whole = run.encode(images)
    parts = [run.encode(images[i : i + 100]) for i in range(0, 600, 100)]
    for number, field in enumerate(whole):
        joined = np.concatenate([part[number] for part in parts])
        np.testing.assert_allclose(field, joined, atol=1e-4)


def test_encode_is_the_encoders_two_heads(run, digits):
    heads = [run.encoder.get_layer(f"encoder_{n}").output for n in ("mu", "log_variance")]
    model = keras.Model(run.encoder.inputs[0], heads)
    expected = model.predict_on_batch(digits.astype("float32") / 255)
    for a, b in zip(expected, run.encode(digits), strict=True):
        np.testing.assert_allclose(np.asarray(a), b, atol=1e-5)


def test_reconstruct_and_sample(run, digits):
    rebuilt = run.reconstruct(digits)
    np.testing.assert_allclose(rebuilt, run.decode(run.encode(digits).z_mean), atol=1e-6)
    assert rebuilt.shape == (16, 8, 8, 1)
    assert np.array_equal(run.sample(5, seed=1), run.sample(5, seed=1))
    assert not np.array_equal(run.sample(5, seed=1), run.sample(5, seed=2))


def test_evaluate_is_what_validation_said(run):
    result = run.evaluate(limit=96)
    assert result["split"] == "validation"
    last = run.history[-1]
    for name in ("loss", "reconstruction", "kl", "elbo", "mse", "psnr"):
        assert result[name] == pytest.approx(last[f"val_{name}"], rel=1e-5)
    assert result["kl_dim"] == pytest.approx([last[f"val_kl_dim_{i}"] for i in range(2)], rel=1e-5)
    assert result["active_units"] == last["val_active_units"]
    assert json.dumps(result)


def test_evaluate_on_other_data(run, digits):
    result = run.evaluate(digits)
    assert (result["split"], result["images"]) == ("all", 16)
    result = run.evaluate(((digits, None), (digits[:5], None)))
    assert (result["split"], result["images"]) == ("test", 5)


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda run: run.decode(np.zeros((3, 5))), UserError, r"shape \(N, 2\), not \(3, 5\)"),
        (lambda run: run.encode(np.zeros((3, 9, 8, 1))), DataError, "works on 8x8x1"),
        (lambda run: run.encode(np.zeros((0, 8, 8, 1), "uint8")), DataError, "are empty"),
        (lambda run: run.encode(np.full((1, 8, 8), np.nan)), DataError, "NaN"),
        (lambda run: run.sample(0), UserError, "at least 1"),
    ],
)
def test_what_does_not_fit_is_refused(run, call, error, text):
    with pytest.raises(error, match=text):
        call(run)


def test_folder_without_a_run(tmp_path):
    with pytest.raises(RunError, match=r"no run.json"):
        vaekit.load(tmp_path)


def copied(run_folder, tmp_path):
    import shutil

    return shutil.copytree(run_folder, tmp_path / "copy")


def edited(run_folder, tmp_path):
    """A copy that someone changes on purpose, as the kit's own refusal says to."""
    folder = copied(run_folder, tmp_path)
    (folder / "manifest.json").unlink()
    return folder


def test_missing_plugin_says_what_to_install(run_folder, tmp_path):
    folder = edited(run_folder, tmp_path)
    record = json.loads((folder / "run.json").read_text())
    record["parts"]["encoder"] = {
        "name": "wide",
        "distribution": "vaekit-wide",
        "version": "1.2",
        "options": {},
    }
    (folder / "run.json").write_text(json.dumps(record))
    with pytest.raises(RunError, match=r"pip install vaekit-wide==1\.2"):
        vaekit.load(folder)


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", '{"format": 99}', '{"format": 1}', '{"format": 1, "config": {}, "parts": 3}'],
)
def test_damaged_record(run_folder, tmp_path, text):
    folder = edited(run_folder, tmp_path)
    (folder / "run.json").write_text(text)
    with pytest.raises(RunError, match=r"run\.json"):
        vaekit.load(folder)


def test_damaged_checkpoint_is_named_and_the_one_before_offered(run_folder, tmp_path):
    folder = copied(run_folder, tmp_path)
    newest = folder / "checkpoints" / "step-000000006" / "state.npz"
    newest.write_bytes(newest.read_bytes()[:-2000])
    text = (
        rf"step-000000006/state\.npz is damaged: .* "
        rf"vaekit\.resume\('{folder}', checkpoint='step-000000003'\)"
    )
    with pytest.raises(DamagedError, match=text):
        vaekit.load(folder)


def test_a_flipped_bit_in_any_file_is_found_and_named(run_folder, tmp_path):
    folder = copied(run_folder, tmp_path)
    (folder / "notes.txt").write_text("mine")
    assert verify_run(folder) == []
    (folder / "notes.txt").write_text("mine, changed")
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name != "notes.txt":
            whole = path.read_bytes()
            place = len(whole) // 3
            path.write_bytes(whole[:place] + bytes([whole[place] ^ 16]) + whole[place + 1 :])
            assert path in [damage.path for damage in verify_run(folder)]
            path.write_bytes(whole)
    assert verify_run(folder) == []
    (folder / "VAE.h5").unlink()
    (damage,) = verify_run(folder)
    assert str(damage) == f"{folder / 'VAE.h5'} is damaged: No such file or directory."


@pytest.mark.parametrize("name", ["run.json", "history.csv", "manifest.json"])
def test_what_is_read_has_been_checked(run_folder, tmp_path, name):
    folder = copied(run_folder, tmp_path)
    content = (folder / name).read_text()
    (folder / name).write_text(content.replace("1", "2", 1))
    with pytest.raises(DamagedError, match=f"{name} is damaged: "):
        _ = vaekit.load(folder).history


def test_a_picture_drawn_later_is_on_the_list(run_folder, tmp_path):
    folder = copied(run_folder, tmp_path)
    picture = folder / "figures" / "samples.png"
    before = picture.read_bytes()
    done = CliRunner().invoke(main, ["sample", str(folder), "-n", "4", "--out", str(picture)])
    assert done.exit_code == 0, done.output
    assert picture.read_bytes() != before
    assert verify_run(folder) == []
    picture.write_bytes(before)
    assert [damage.path for damage in verify_run(folder)] == [picture]


def test_checkpoint_of_other_parts(run_folder, tmp_path):
    folder = edited(run_folder, tmp_path)
    record = json.loads((folder / "run.json").read_text())
    record["config"]["latent_dim"] = 5
    (folder / "run.json").write_text(json.dumps(record))
    with pytest.raises(RunError, match="other shapes"):
        vaekit.load(folder)


def test_a_record_is_read_by_its_fields_and_as_vaekit_0_1_gave_it(run):
    assert run.record["data"]["training_images"] == run.record.data.training_images
    assert run.record["parts"]["encoder"]["name"] == run.record.parts["encoder"].name
    with pytest.raises(KeyError, match="nothing"):
        run.record["nothing"]
