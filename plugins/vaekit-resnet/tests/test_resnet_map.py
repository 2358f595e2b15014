"""`resnet-map`, seen as latents that are maps see it."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import vaekit
from vaekit_resnet import decoder, encoder

SMALL = {"width": 4, "depth": 1}


@pytest.mark.parametrize(
    ("shape", "halvings", "features"),
    [
        ((8, 8, 1), 1, (4, 4, 4)),
        ((8, 8, 1), 2, (2, 2, 8)),
        ((28, 28, 1), 2, (7, 7, 8)),
        ((45, 61, 3), 3, (6, 8, 16)),
    ],
    ids=str,
)
def test_the_map_is_halved_as_often_as_asked(shape, halvings, features) -> None:
    model = encoder.resnet_map(shape, halvings=halvings, **SMALL)
    assert model.output_shape[1:] == features
    assert model.name == "resnet_map_encoder"


@pytest.mark.parametrize(
    ("latent", "image"),
    [
        ((2, 2, 3), (8, 8, 1)),
        ((7, 7, 2), (28, 28, 1)),
        ((6, 8, 1), (45, 61, 3)),
        ((8, 8, 2), (8, 8, 1)),  # no smaller than the image
        ((5, 3, 2), (28, 28, 1)),  # of no encoder here
        ((3,), (28, 28, 1)),
    ],
    ids=str,
)
def test_any_map_and_any_vector_become_an_image(latent, image) -> None:
    model = decoder.resnet_map(latent, image, **SMALL)
    z = np.random.default_rng(0).standard_normal((3, *latent), dtype="float32")
    assert tuple(model(z).shape) == (3, *image)


def test_a_vector_is_decoded_by_resnet() -> None:
    ours, plain = (make((3,), (8, 8, 1)) for make in (decoder.resnet_map, _resnet))
    assert [w.path for w in ours.weights] == [w.path for w in plain.weights]


def _resnet(latent_shape: tuple[int], image_shape: tuple[int, int, int]) -> keras.Model:
    return decoder.resnet(latent_shape[0], image_shape)


def test_what_a_place_becomes_stays_around_it() -> None:
    """Unlike behind a dense layer, by which each value of z may reach each pixel."""
    model = decoder.resnet_map((8, 8, 1), (32, 32, 1), **SMALL)
    z = np.zeros((2, 8, 8, 1), "float32")
    z[1, 0, 0] = 1.0
    one, other = np.asarray(keras.ops.convert_to_numpy(model(z, training=False)))
    changed = np.abs(one - other)[..., 0] > 0
    assert changed[0, 0]
    assert not changed[-8:].any()
    assert not changed[:, -8:].any()


def test_a_map_that_cannot_be_halved_so_often_is_refused_with_what_can() -> None:
    said = r"resnet-map encoder can't halve 8x8x1 images 3 times, .*: take halvings=2"
    with pytest.raises(vaekit.BuildError, match=said):
        encoder.resnet_map((8, 8, 1), halvings=3)


def test_a_map_larger_than_the_image_is_refused() -> None:
    with pytest.raises(vaekit.BuildError, match="no larger than the images, not 9x8 for 8x8"):
        decoder.resnet_map((9, 8, 2), (8, 8, 1))


@pytest.mark.parametrize("make", [encoder.resnet_map, lambda s: decoder.resnet_map((2, 2, 1), s)])
def test_images_that_do_not_fit_are_refused(make) -> None:
    with pytest.raises(vaekit.BuildError, match=r"resnet-map .*coder .* not 7x8x1: "):
        make((7, 8, 1))


@pytest.mark.parametrize("condition", [None, "labels"])
def test_a_latent_that_is_a_map_trains_between_them(tmp_path, condition) -> None:
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (16, 8, 8, 1), dtype="uint8")
    labels = np.arange(16) % 3
    run = vaekit.train(
        "resnet-map",
        latent="normal",
        latent_opt={"grid": True},
        decoder="resnet-map",
        loss="elbo",
        data=(images, labels),
        condition=condition,
        encoder_opt=SMALL,
        decoder_opt=SMALL,
        latent_dim=3,
        epochs=1,
        batch_size=8,
        out=str(tmp_path / "run"),
        progress=False,
        figures=False,
    )
    assert run.latent_shape == (2, 2, 3)
    z = run.latents(images[:4], labels[:4])
    again = vaekit.load(run.path).decode(z, labels[:4])
    assert again.shape == (4, 8, 8, 1)
    np.testing.assert_allclose(again, run.reconstruct(images[:4], labels[:4]), atol=1e-5)
    opened = keras.models.load_model(run.path / "VAE_decoder.keras")
    given = z if condition is None else [z, labels[:4, None]]
    np.testing.assert_allclose(opened.predict(given, verbose=0), again, atol=1e-5)
