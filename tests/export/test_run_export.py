"""`vaekit export`: each part in each format gives what Keras gives, or nothing is left behind."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from click.testing import CliRunner
from keras import layers

import vaekit
from tests.bad_input.refusals import refused
from tests.small_nets import SMALL_NETS
from vaekit.checkpoint import describe_file
from vaekit.cli import main
from vaekit.export import FORMATS, Export, parts
from vaekit.export.formats import saved_model
from vaekit.export.part import AbsentPartError, Measure, Part

SHORT = {"data": "digits", "limit": 40, "epochs": 1, "figures": False, "progress": False}
# The others take as long again.
ONE_AND_THE_OTHERS = [
    "onnx",
    *(pytest.param(name, marks=pytest.mark.slow) for name in sorted({*FORMATS} - {"onnx"})),
]
IMAGES = np.random.default_rng(0).random((5, 8, 8, 1), "float32")


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> vaekit.Run:
    """A run whose z is two values, normal."""
    return vaekit.train(**SMALL_NETS, **SHORT, out=str(tmp_path_factory.mktemp("plain") / "run"))


@pytest.fixture(scope="module")
def by_class(tmp_path_factory: pytest.TempPathFactory) -> vaekit.Run:
    """A run of maps, by class."""
    return vaekit.train(
        encoder="small-map",
        decoder="small",
        latent_opt={"grid": True},
        condition="labels",
        loss="elbo",
        **SHORT,
        out=str(tmp_path_factory.mktemp("by_class") / "run"),
    )


def opened(exported: Export, name: str) -> Any:
    form = FORMATS[exported.description["format"]]
    return form.open(exported.path / name)


@pytest.fixture(scope="module", params=sorted(FORMATS))
def exported(
    request: pytest.FixtureRequest, plain: vaekit.Run, tmp_path_factory: pytest.TempPathFactory
) -> Export:
    return plain.export(request.param, out=tmp_path_factory.mktemp("exports") / "new" / "folder")


def test_each_part_gives_what_the_run_does(exported: Export, plain: vaekit.Run) -> None:
    about = exported.description["parts"]
    assert exported.written == tuple(about) == ("encoder", "posterior", "decoder", "vae")
    z = opened(exported, "encoder")({"images": IMAGES})["z"]
    told = opened(exported, "posterior")({"images": IMAGES})
    log_var, mean = told["z_log_var"], told["z_mean"]
    expected = plain.encode(IMAGES)
    np.testing.assert_allclose(z, expected.z_mean, atol=1e-4)
    np.testing.assert_allclose(mean, expected.z_mean, atol=1e-4)
    np.testing.assert_allclose(log_var, expected.z_log_var, atol=1e-4)
    images = opened(exported, "decoder")({"z": z[:3]})["images"]
    np.testing.assert_allclose(images, plain.decode(z[:3]), atol=1e-4)
    noise = np.random.default_rng(1).standard_normal((5, 2)).astype("float32")
    assert about["vae"]["inputs"]["noise"]["shape"] == ["N", 2]
    drawn = opened(exported, "vae")({"images": IMAGES, "noise": noise})["reconstruction"]
    by_hand = expected.z_mean + np.exp(expected.z_log_var / 2) * noise
    np.testing.assert_allclose(drawn, plain.decode(by_hand), atol=1e-4)


def test_the_description_is_of_the_files(exported: Export, plain: vaekit.Run) -> None:
    about = json.loads((exported.path / "export.json").read_bytes())
    assert about == exported.description
    listed = {"export.json"}
    for part in about["parts"].values():
        for name, entry in part["files"].items():
            assert describe_file(exported.path / name)._asdict() == entry
            listed.add(name)
        for output in part["outputs"].values():
            assert 0 <= output["largest_difference"] <= output["allowed_difference"] <= 1e-3
    files = (path for path in exported.path.rglob("*") if path.is_file())
    assert {path.relative_to(exported.path).as_posix() for path in files} == listed
    assert about["images"]["shape"] == ["N", *plain.image_shape]
    assert about["classes"] == plain.record.data.class_names
    assert about["run"]["data_fingerprint"] == plain.record.data.fingerprint
    assert about["checked"]["images"] > 1


def test_the_example_is_three_lines_that_run(exported: Export) -> None:
    names: dict[str, Any] = {}
    assert exported.example.count("\n") == 2
    exec(exported.example, names)
    name = exported.description["format"]
    z = names["z"] if name in ("onnx", "openvino") else names["outputs"]["z"]
    assert np.shape(z) == (1, 2)


_ELSEWHERE = """
import sys
for name in ("vaekit", "keras", "tensorflow"):
    sys.modules[name] = None
{example}
print(z.shape, sorted(set(sys.modules) & {{"jax", "torch"}}))
"""


def test_onnx_runs_where_there_is_no_keras(plain: vaekit.Run, tmp_path: Path) -> None:
    example = plain.export("onnx", "encoder", out=tmp_path / "there").example
    command = [sys.executable, "-c", _ELSEWHERE.format(example=example)]
    ended = subprocess.run(command, capture_output=True, text=True, cwd="/")
    assert ended.stdout == "(1, 2) []\n", ended.stderr


def images_behind_sums(run: vaekit.Run, images: Any) -> Part:
    """A convolution, a sum and a leaky ReLU, of which TensorFlow's remapper makes another."""
    z = layers.Input((8, 8, 4))
    convolved = layers.Conv2D(4, 3, padding="same", bias_initializer="ones")(z)
    model = keras.Model(z, layers.LeakyReLU(0.01)(layers.Add()([z, convolved])))
    values = np.random.default_rng(0).standard_normal((9, 8, 8, 4)).astype("float32")
    return Part(model, {"z": values}, {"images": Measure.VALUES})


_PLAIN_TENSORFLOW = """
import sys
import numpy as np, tensorflow as tf
folder, values, result = sys.argv[1:]
images = tf.saved_model.load(folder).signatures["serving_default"](z=np.load(values))["images"]
np.save(result, images.numpy())
assert "vaekit" not in sys.modules
"""


@pytest.mark.slow  # the export's own check runs it as such a process does; this is one
def test_a_saved_model_is_right_in_a_plain_tensorflow(
    plain: vaekit.Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = images_behind_sums(plain, None)
    values = part.inputs["z"]
    monkeypatch.setitem(parts.PARTS, "decoder", lambda run, images: part)
    exported = plain.export("savedmodel", "decoder", out=tmp_path / "out")
    np.save(tmp_path / "z.npy", values)
    paths = [exported.path / "decoder", tmp_path / "z.npy", tmp_path / "images.npy"]
    command = [sys.executable, "-c", _PLAIN_TENSORFLOW, *map(str, paths)]
    ended = subprocess.run(command, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    expected = part.model.predict(values, verbose=0)
    assert expected.min() < -0.01  # where the slope counts
    np.testing.assert_allclose(np.load(paths[-1]), expected, atol=1e-5)


@pytest.mark.backend
@pytest.mark.parametrize("name", ONE_AND_THE_OTHERS)
def test_labels_are_an_input_and_maps_stay_maps(
    name: str, by_class: vaekit.Run, tmp_path: Path
) -> None:
    exported = by_class.export(name, "vae", out=tmp_path / "vae")
    about = exported.description
    assert list(about["parts"]["vae"]["inputs"]) == ["images", "labels", "noise"]
    assert about["labels"]["range"] == [0, 9]
    shape = by_class.latent_shape
    assert about["parts"]["vae"]["inputs"]["noise"]["shape"] == ["N", *shape]
    labels = np.array([3, 1, 4, 1, 5], "int32")
    noise = np.zeros((5, *shape), "float32")
    values = {"images": IMAGES, "labels": labels[:, None], "noise": noise}
    images = opened(exported, "vae")(values)["reconstruction"]
    np.testing.assert_allclose(images, by_class.reconstruct(IMAGES, labels), atol=1e-4)


def test_a_part_that_a_run_lacks_is_left_out_of_all(
    plain: vaekit.Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def absent(run: vaekit.Run, images: Any) -> Part:
        raise AbsentPartError("It was never calibrated.")

    monkeypatch.setitem(parts.PARTS, "vae", absent)
    exported = plain.export("savedmodel", out=tmp_path / "most")
    assert exported.written == ("encoder", "posterior", "decoder")
    assert exported.description["left_out"] == {"vae": "It was never calibrated."}
    options = ["--format", "savedmodel", "--part", "vae", "--out", tmp_path / "one"]
    refused(tmp_path, "export", plain.path, *options, match="never calibrated")


def test_a_part_comes_beside_those_that_are_there(plain: vaekit.Run, tmp_path: Path) -> None:
    out = tmp_path / "out"
    plain.export("onnx", "decoder", out=out)
    exported = plain.export("onnx", "encoder", out=out)
    assert exported.written == ("encoder",)
    assert list(exported.description["parts"]) == ["encoder", "decoder"]
    assert {path.name for path in out.iterdir()} == {
        *("encoder.onnx", "decoder.onnx", "export.json")
    }
    assert opened(exported, "decoder")({"z": np.zeros((2, 2), "float32")})["images"].shape[0] == 2
    match = "other weights, or in another format. Delete it, or choose another --out"
    refused(tmp_path, "export", plain.path, "--format", "savedmodel", "--out", out, match=match)


def test_the_command_prints_differences_and_an_example(plain: vaekit.Run, tmp_path: Path) -> None:
    out = tmp_path / "out"
    arguments = ["export", plain.path, "--format", "litert", "--quantize", "float16", "--out", out]
    result = CliRunner().invoke(main, [str(a) for a in [*arguments, "--part", "decoder"]])
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0].startswith("held against Keras on ")
    assert str(out / "decoder.tflite") in lines[1]
    assert "images          differs by " in lines[2]
    assert lines[-1].startswith("outputs = model(z=np.zeros((1, 2)")


REFUSED = {
    "format": (["--format", "onyx"], "no format 'onyx'. Did you mean 'onnx'?"),
    "part": (["--format", "onnx", "--part", "encoders"], "no part 'encoders'. Did you mean"),
    "quantize": (["--format", "onnx", "--quantize", "int4"], "choose float16 or int8"),
    "savedmodel": (
        ["--format", "savedmodel", "--quantize", "int8"],
        "SavedModel is not written in int8: choose --format onnx or --format litert",
    ),
    "openvino": (
        ["--format", "openvino", "--quantize", "int8"],
        "OpenVINO is not written in int8: choose --quantize float16 or --format",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_no_export_is(name: str, plain: vaekit.Run) -> None:
    options, match = REFUSED[name]
    refused(plain.path, "export", plain.path, *options, match=match)


def test_a_missing_runtime_is_named(plain: vaekit.Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openvino", None)
    match = r"needs openvino, .* pip install 'vaekit\[openvino\]'"
    refused(plain.path, "export", plain.path, "--format", "openvino", match=match)


def test_a_folder_of_something_else_is_let_be(plain: vaekit.Run, tmp_path: Path) -> None:
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "a.txt").write_text("dear")
    match = "holds something else than an export already. Choose another --out"
    out = tmp_path / "letters"
    refused(tmp_path, "export", plain.path, "--format", "onnx", "--out", out, match=match)


def test_one_precision_after_the_other(plain: vaekit.Run) -> None:
    """In one process, since ONNX Runtime's tools find each other by what was imported first."""
    for quantize in ("float16", "int8"):
        exported = plain.export("onnx", "decoder", quantize=quantize)
        assert exported.path == plain.path / "exports" / f"onnx-{quantize}"
        assert exported.description["precision"] == quantize


def coarse_in_8_bits(run: vaekit.Run, images: Any) -> Part:
    """Weights of one scale, most of which 8 bits make 0: one row is a thousand times the others."""
    z = layers.Input((64,))
    dense = layers.Dense(64)
    model = keras.Model(z, dense(z))
    rows = np.random.default_rng(0).random((64, 64))
    rows[0] *= 1000
    dense.set_weights([rows / 64, np.zeros(64)])
    values = np.ones((3, 64), "float32")
    values[:, 0] = 0
    return Part(model, {"z": values}, {"images": Measure.PIXELS})


def test_a_leaky_relu_that_the_remapper_spoils_is_refused(
    plain: vaekit.Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the form that it is given: so the check sees what a plain TensorFlow would give."""
    monkeypatch.setitem(parts.PARTS, "decoder", images_behind_sums)
    plain.export("savedmodel", "decoder", out=tmp_path / "mended")
    monkeypatch.setattr(saved_model, "leaky_relus_that_last", nullcontext)
    with pytest.raises(vaekit.UserError, match="As SavedModel, decoder gives images that differ"):
        plain.export("savedmodel", "decoder", out=tmp_path / "stock")


@pytest.mark.parametrize("name", ["litert", pytest.param("onnx", marks=pytest.mark.slow)])
def test_what_differs_is_refused_and_leaves_nothing(
    name: str, plain: vaekit.Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(parts.PARTS, "decoder", coarse_in_8_bits)
    options = ["--format", name, "--part", "decoder", "--out", tmp_path / "a" / "b"]
    match = r"images that differ from Keras's by up to 0\.\d+, where 0.02 is .* Leave out --quant"
    refused(tmp_path, "export", plain.path, *options, "--quantize", "int8", match=match)
    result = CliRunner().invoke(main, ["export", str(plain.path), *map(str, options)])
    assert result.exit_code == 0, result.output
