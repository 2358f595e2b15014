"""The plugin, seen as vaekit and its users see it."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import keras
import numpy as np
import pytest
import vaekit
import vaekit.options
import vaekit.plugins
from vaekit.registry import Component
from vaekit_resnet import decoder, encoder

SHAPES = [(8, 8, 1), (28, 28, 1), (32, 32, 3), (45, 61, 3)]
LATENT_DIM = 3
SMALL = {"width": 4, "depth": 1}


def images(shape: tuple[int, int, int], count: int = 4) -> np.ndarray:
    return np.random.default_rng(0).random((count, *shape), dtype="float32")


def latents(count: int = 4) -> np.ndarray:
    return np.random.default_rng(1).standard_normal((count, LATENT_DIM), dtype="float32")


def built(kind: str, shape: tuple[int, int, int] = (28, 28, 1)) -> tuple[keras.Model, np.ndarray]:
    """A small model of this kind, and a batch for it."""
    keras.utils.set_random_seed(0)
    if kind == "encoder":
        return encoder.resnet(shape, **SMALL), images(shape)
    return decoder.resnet(LATENT_DIM, shape, **SMALL), latents()


def component(kind: str) -> Component:
    return vaekit.plugins.discover().registry.get(kind, "resnet")


both = pytest.mark.parametrize("kind", ["encoder", "decoder"])


# --- as a plugin


def test_entry_point_is_found() -> None:
    try:
        points = distribution("vaekit-resnet").entry_points
    except PackageNotFoundError:
        pytest.skip("vaekit-resnet is not installed: pip install ./plugins/vaekit-resnet")
    assert [(p.group, p.name, p.value) for p in points] == [("vaekit", "resnet", "vaekit_resnet")]


@both
def test_is_registered_under_its_own_distribution(kind: str) -> None:
    part = component(kind)
    assert part.full_name == "resnet@vaekit-resnet"
    assert part.summary


def test_finding_it_imports_no_keras() -> None:
    code = "import sys, vaekit_resnet; print({'keras', 'tensorflow'} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "set()"


@both
def test_options_are_read_from_the_factory(kind: str) -> None:
    options = vaekit.options.options_of(component(kind))
    defaults = {name: option.default for name, option in options.items()}
    assert defaults == {"width": 32, "depth": 2, "stages": 3}
    assert all(option.meaning and option.type_name == "int" for option in options.values())


@both
def test_options_within_bounds_are_taken(kind: str) -> None:
    options = {"width": "16", "depth": "1"}
    assert vaekit.options.check_options(component(kind), options) == {"width": 16, "depth": 1}


@both
@pytest.mark.parametrize("option", ["width", "depth", "stages"])
@pytest.mark.parametrize("value", ["0", "-1", "1.5", "wide"])
def test_options_out_of_bounds_are_refused(kind: str, option: str, value: str) -> None:
    with pytest.raises(vaekit.OptionError, match=option):
        vaekit.options.check_options(component(kind), {option: value})


# --- as models


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_encoder_gives_features_of_at_least_2x2(shape: tuple[int, int, int]) -> None:
    model, batch = built("encoder", shape)
    features = model(batch)
    assert tuple(features.shape) == (4, *model.output_shape[1:])
    assert min(model.output_shape[1:3]) >= 2


@pytest.mark.parametrize("shape", [*SHAPES, (8, 64, 2), (9, 8, 4)], ids=str)
def test_decoder_gives_images(shape: tuple[int, int, int]) -> None:
    model, batch = built("decoder", shape)
    assert tuple(model(batch).shape) == (4, *shape)


def test_defaults_make_the_documented_maps_and_names() -> None:
    model = encoder.resnet((28, 28, 1))
    assert model.name == "resnet_encoder"
    assert model.output_shape == (None, 4, 4, 128)
    assert model.layers[0].name == "encoder_input"
    model.get_layer("encoder_stage3_block2_conv2")
    model = decoder.resnet(2, (28, 28, 1))
    assert model.name == "resnet_decoder"
    assert model.get_layer("decoder_reshape").output.shape == (None, 4, 4, 128)
    assert [model.layers[0].name, model.layers[-1].name] == ["decoder_input", "decoder_output"]


@pytest.mark.parametrize(("option", "value"), [("width", 8), ("depth", 2), ("stages", 2)])
def test_options_change_the_models(option: str, value: int) -> None:
    small = {**SMALL, "stages": 1}
    changed = {**small, option: value}
    shape = (16, 16, 1)
    assert encoder.resnet(shape, **changed).count_params() != (
        encoder.resnet(shape, **small).count_params()
    )
    assert decoder.resnet(2, shape, **changed).count_params() != (
        decoder.resnet(2, shape, **small).count_params()
    )


@pytest.mark.parametrize(
    ("stages", "shape", "smallest"),
    [
        (9, (8, 8, 1), (2, 2)),
        (9, (45, 61, 3), (2, 2)),
        (9, (8, 64, 1), (2, 16)),
        (1, (9, 9, 1), (5, 5)),
    ],
)
def test_stages_stop_at_2x2(
    stages: int, shape: tuple[int, int, int], smallest: tuple[int, int]
) -> None:
    model = encoder.resnet(shape, width=1, depth=1, stages=stages)
    assert model.output_shape[1:3] == smallest


@both
def test_layers_are_stock_keras(kind: str) -> None:
    model, _ = built(kind)
    for layer in model.layers:
        assert type(layer).__module__.split(".")[0] == "keras"
        assert not isinstance(layer, keras.layers.Lambda)


@both
@pytest.mark.parametrize("suffix", [".keras", ".h5"])
@pytest.mark.parametrize("shape", [(8, 8, 1), (45, 61, 3)], ids=str)
def test_saved_models_give_equal_output(
    kind: str, suffix: str, shape: tuple[int, int, int], tmp_path: Path
) -> None:
    model, batch = built(kind, shape)
    path = tmp_path / f"model{suffix}"
    model.save(path)
    again = keras.models.load_model(path)
    np.testing.assert_array_equal(again.predict(batch, verbose=0), model.predict(batch, verbose=0))


@both
@pytest.mark.parametrize("shape", [(8, 8, 1), (45, 61, 3)], ids=str)
def test_gradients_reach_each_weight(kind: str, shape: tuple[int, int, int]) -> None:
    if keras.backend.backend() != "tensorflow":
        pytest.skip("takes gradients with TensorFlow's tape")
    import tensorflow as tf

    model, batch = built(kind, shape)
    with tf.GradientTape() as tape:
        output = model(batch, training=True)
        target = np.random.default_rng(2).random(output.shape, dtype="float32")
        loss = tf.reduce_mean((output - target) ** 2)
    gradients = tape.gradient(loss, model.trainable_variables)
    for weight, gradient in zip(model.trainable_variables, gradients, strict=True):
        assert gradient is not None, weight.path
        assert np.isfinite(gradient).all(), weight.path
        assert np.any(gradient), weight.path


def test_autoencoder_learns_a_small_set() -> None:
    """In inference mode too, so the moving averages have settled within these few steps."""
    shape = (8, 8, 1)
    keras.utils.set_random_seed(0)
    front = encoder.resnet(shape, width=8, depth=1, stages=1)
    code = keras.layers.Dense(LATENT_DIM)(keras.layers.Flatten()(front.output))
    back = decoder.resnet(LATENT_DIM, shape, width=8, depth=1, stages=1)
    model = keras.Model(front.input, back(code))
    # Compiling through XLA takes longer than these steps, except on JAX, which has nothing else.
    jit = keras.backend.backend() == "jax"
    model.compile(keras.optimizers.Adam(1e-2), "mse", jit_compile=jit)
    rows = np.linspace(0, 1, 64, dtype="float32").reshape(-1, 1, 1, 1)
    ramp = np.linspace(0, 1, 8, dtype="float32").reshape(1, 1, 8, 1)
    batch = np.broadcast_to(rows * ramp, (64, *shape)).copy()
    for _ in range(60):
        model.train_on_batch(batch, batch)
    again = keras.ops.convert_to_numpy(model(batch, training=False))
    assert np.mean((again - batch) ** 2) < 0.2 * batch.var()


# --- what it refuses


@pytest.mark.parametrize("shape", [(7, 8, 1), (8, 7, 3), (1, 1, 1), (28, 28, 0), (28, 28)], ids=str)
@both
def test_images_that_do_not_fit_are_refused(kind: str, shape: tuple[int, ...]) -> None:
    size = "x".join(map(str, shape))
    with pytest.raises(vaekit.BuildError, match=rf"resnet {kind} .* not {size}: "):
        encoder.resnet(shape) if kind == "encoder" else decoder.resnet(LATENT_DIM, shape)


@pytest.mark.parametrize("latent_dim", [0, -1])
def test_empty_latents_are_refused(latent_dim: int) -> None:
    with pytest.raises(vaekit.BuildError, match=rf"resnet decoder .* not {latent_dim}: "):
        decoder.resnet(latent_dim, (28, 28, 1))


# --- through the kit


def test_trains_through_the_command(tmp_path: Path) -> None:
    run = tmp_path / "run"
    command = "train --encoder resnet --decoder resnet --data digits --epochs 1 --limit 64 --out"
    done = subprocess.run(
        [sys.executable, "-m", "vaekit", *command.split(), str(run)],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    for name in ("VAE_encoder.h5", "VAE_decoder.h5", "VAE.h5"):
        assert (run / name).is_file(), name
