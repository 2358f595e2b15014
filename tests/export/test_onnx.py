"""Models as ONNX: what Keras gives, under names, at any batch size; or a sentence."""

from __future__ import annotations

import sys
from pathlib import Path

import keras
import numpy as np
import onnxruntime
import pytest
from keras import layers, ops

import vaekit
from tests.small_nets import SMALL_NETS
from vaekit.errors import UserError
from vaekit.export import OnnxModel, export_decoder, export_onnx
from vaekit.export.on_tensorflow import Job, on_tensorflow
from vaekit.export.written import write_and_run

SHORT = {"data": "digits", "limit": 40, "epochs": 1, "figures": False, "progress": False}


@pytest.fixture(scope="module")
def vectors(tmp_path_factory: pytest.TempPathFactory) -> vaekit.Run:
    """A run whose z is two values."""
    return vaekit.train(**SMALL_NETS, **SHORT, out=str(tmp_path_factory.mktemp("vectors") / "run"))


@pytest.fixture(scope="module")
def maps(tmp_path_factory: pytest.TempPathFactory) -> vaekit.Run:
    """A run whose z is a map, by class."""
    return vaekit.train(
        **SHORT,
        encoder_opt={"width": 4},
        decoder_opt={"width": 4},
        latent_opt={"grid": True},
        loss="elbo",
        condition="labels",
        out=str(tmp_path_factory.mktemp("maps") / "run"),
    )


def outputs_of(exported: OnnxModel, **inputs: np.ndarray) -> list[np.ndarray]:
    """What another runtime gives, which has the file alone."""
    session = onnxruntime.InferenceSession(exported.content, providers=["CPUExecutionProvider"])
    return session.run(list(exported.outputs), inputs)


@pytest.mark.backend
def test_a_decoder_gives_what_the_runs_does(vectors: vaekit.Run) -> None:
    z = vectors.latents(vectors.held_out(limit=20).images)
    exported = export_decoder(vectors, z)
    assert (exported.inputs, exported.outputs) == (("z",), ("images",))
    other = np.random.default_rng(0).normal(size=(7, 2)).astype("float32")
    (images,) = outputs_of(exported, z=other)
    assert np.abs(images - vectors.decode(other)).max() <= 1e-4
    assert exported.difference <= 1e-4


def test_a_residual_decoder_gives_what_the_runs_does(tmp_path) -> None:
    """Its last leaky ReLU comes behind a sum, and has another slope than TensorFlow's fusion."""
    run = vaekit.train(
        **SHORT,
        encoder="residual",
        decoder="residual",
        encoder_opt={"width": 4},
        decoder_opt={"width": 4},
        out=str(tmp_path / "run"),
    )
    exported = export_decoder(run, run.latents(run.held_out(limit=20).images))
    assert exported.difference < 1e-5


@pytest.mark.backend
def test_a_decoder_of_maps_by_class_takes_labels(maps: vaekit.Run, capfd) -> None:
    held = maps.held_out(limit=10).images
    exported = export_decoder(maps, maps.latents(held), held.labels)
    assert exported.inputs == ("z", "labels")
    z, labels = maps.latents(held)[:3], np.array([7, 1, 0], "int32")
    (images,) = outputs_of(exported, z=z, labels=labels[:, None])
    assert np.abs(images - maps.decode(z, labels)).max() <= 1e-4
    assert capfd.readouterr() == ("", "")


def test_a_posterior_keeps_the_names_of_its_outputs(vectors: vaekit.Run) -> None:
    images = vectors.held_out(limit=10).images.pixels[:].astype("float32")
    exported = export_onnx(
        vectors.model.posterior, {"images": images}, vectors.model.posterior_names
    )
    mean, log_var = outputs_of(exported, images=images)
    expected = vectors.posterior(images)
    np.testing.assert_allclose(mean, expected.z_mean, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(log_var, expected.z_log_var, rtol=1e-4, atol=1e-4)


def test_of_another_backend_it_is_made_by_a_process_on_tensorflow(
    vectors: vaekit.Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    z = np.eye(2, dtype="float32")
    np.savez(tmp_path / "z.npz", z=z)
    arguments = {
        **{"form": "onnx", "names": [["z"], ["images"]], "quantize": None},
        **{"stem": str(tmp_path / "decoder"), "exchange": str(tmp_path / "z")},
    }
    with monkeypatch.context() as patch:
        patch.setattr(keras.backend, "backend", lambda: "torch")
        on_tensorflow([Job(write_and_run, vectors.model.decoder, arguments)])
    content = (tmp_path / "decoder.onnx").read_bytes()
    (images,) = outputs_of(OnnxModel(content, ("z",), ("images",), 0.0), z=z)
    assert np.abs(images - vectors.decode(z)).max() <= 1e-4


def model_of(layer: keras.Layer, width: int = 3) -> keras.Model:
    inputs = layers.Input((width,))
    return keras.Model(inputs, layer(inputs), name="odd")


def test_choices_among_codes_are_held() -> None:
    """By layers that tf2onnx knows nothing of: a value is put among those that it reaches."""
    edges = [-1.0, 0.0, 0.5]
    just_below = np.nextafter(np.float32(0.5), np.float32(0))
    values = np.array([[-2.0, -1.0, -0.5], [0.0, 0.5, just_below]], "float32")
    exported = export_onnx(
        model_of(layers.Discretization(bin_boundaries=edges)), {"z": values}, ("code",)
    )
    (code,) = outputs_of(exported, z=values)
    np.testing.assert_array_equal(code, [[0, 1, 1], [2, 3, 2]])


class Inverse(layers.Layer):
    """The inverse of erf, which ONNX hasn't got."""

    def call(self, values):
        return ops.erfinv(values / 10)


def test_an_operation_that_onnx_lacks_is_named() -> None:
    with pytest.raises(UserError, match="ONNX lacks Erfinv, of which odd makes use"):
        export_onnx(model_of(Inverse()), {"z": np.ones((2, 3), "float32")}, ("images",))


class Chaotic(layers.Layer):
    """What rounding in the last place makes another value."""

    def call(self, values):
        return ops.sin(1e6 * ops.matmul(values, ops.ones((2000, 1))))


def test_what_is_not_equal_is_refused() -> None:
    values = np.random.default_rng(0).random((9, 2000), "float32")
    with pytest.raises(UserError, match=r"differ from Keras's by up to \d.*, where 0.0001 is all"):
        export_onnx(model_of(Chaotic(), 2000), {"z": values}, ("images",))


def test_a_missing_library_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tf2onnx", None)
    with pytest.raises(UserError, match=r"needs tf2onnx, .* pip install 'vaekit\[onnx\]'\."):
        export_onnx(model_of(layers.Dense(1)), {"z": np.ones((2, 3), "float32")}, ("images",))
