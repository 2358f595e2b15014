"""Sizes, parameters and features of the encoders and decoders, against the papers' own."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import vaekit
from vaekit_backbones import burgess, kl
from vaekit_backbones.blocks import middle, normalised

SMALL = {"width": 4, "depth": 1}
SIZES = [(8, 8, 1), (28, 28, 1), (45, 61, 3), (64, 64, 2)]


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).standard_normal(shape, dtype="float32")


def called(model: keras.Model, inputs: np.ndarray) -> np.ndarray:
    return np.asarray(keras.ops.convert_to_numpy(model(inputs, training=False)))


# --- burgess


def test_burgess_is_the_papers_at_64x64() -> None:
    """arXiv:1804.03599, appendix A: 32 filters of 4x4 four times, 256 units twice."""
    there = burgess.encoder((64, 64, 1))
    back = burgess.decoder(10, (64, 64, 1))
    first, next_ = 16 * 1 * 32 + 32, 16 * 32 * 32 + 32
    dense = (4 * 4 * 32 + 1) * 256 + (256 + 1) * 256
    assert there.count_params() == first + 3 * next_ + dense == 246_912
    last = 16 * 32 * 1 + 1
    dense = (10 + 1) * 256 + (256 + 1) * 256 + (256 + 1) * 512
    assert back.count_params() == dense + 3 * next_ + last == 249_953
    maps = [layer.output.shape[1:] for layer in there.layers if "conv" in layer.name]
    assert maps == [(32, 32, 32), (16, 16, 32), (8, 8, 32), (4, 4, 32)]


@pytest.mark.parametrize(
    ("side", "convolutions"), [(8, 1), (9, 2), (16, 2), (28, 3), (32, 3), (64, 4), (128, 5)]
)
def test_burgess_halves_other_sizes_to_4x4(side: int, convolutions: int) -> None:
    model = burgess.encoder((side, side, 1))
    assert sum("conv" in layer.name for layer in model.layers) == convolutions
    assert max(model.get_layer("encoder_vector").input.shape[1:3]) <= 4


# --- kl


def test_kl_f8_has_the_parameters_of_the_published_one() -> None:
    """`autoencoder_kl_32x32x4`, 83,653,863 parameters, but for its last encoder convolutions.

    34,163,592 of its encoder, of which 3x3 x 512 x 8 + 8 are the convolution for which the latent's
    heads stand in; 49,490,179 of its decoder; the rest are two 1x1 convolutions about z.
    """
    published = {"width": 128, "depth": 2}
    there = kl.encoder_f8((256, 256, 3), **published)
    assert there.count_params() == 34_163_592 - (9 * 512 * 8 + 8)
    assert there.output_shape == (None, 32, 32, 512)
    del there
    back = kl.decoder_f8((32, 32, 4), (256, 256, 3), **published)
    assert back.count_params() == 49_490_179


@pytest.mark.parametrize(("encoder", "factor"), [(kl.encoder_f4, 4), (kl.encoder_f8, 8)])
@pytest.mark.parametrize("shape", SIZES, ids=str)
def test_kl_gives_a_map_of_that_share(encoder, factor, shape) -> None:
    rows, columns = (-(-side // factor) for side in shape[:2])
    assert encoder(shape, **SMALL).output_shape == (None, rows, columns, 16)


@pytest.mark.parametrize(
    "make",
    [burgess.decoder, kl.decoder_f4, kl.decoder_f8],
    ids=["burgess", "kl-f4", "kl-f8"],
)
@pytest.mark.parametrize("shape", SIZES, ids=str)
def test_decoders_give_images_of_any_size_and_channels(make, shape) -> None:
    options = SMALL if make in (kl.decoder_f4, kl.decoder_f8) else {}
    latent = (3,) if options else 3
    assert called(make(latent, shape, **options), noise(2, 3)).shape == (2, *shape)


@pytest.mark.parametrize("decoder", [kl.decoder_f4, kl.decoder_f8])
@pytest.mark.parametrize("latent", [(7, 9, 2), (4, 5, 1), (3, 3, 2), (28, 36, 1)], ids=str)
def test_kl_decodes_any_map_that_is_no_larger_than_the_images(decoder, latent) -> None:
    model = decoder(latent, (28, 36, 3), **SMALL)
    assert called(model, noise(2, *latent)).shape == (2, 28, 36, 3)


def test_kl_refuses_a_larger_map() -> None:
    with pytest.raises(vaekit.BuildError, match=r"kl-f8 takes a map .* not 9x8 for 8x8 pixels"):
        kl.decoder_f8((9, 8, 3), (8, 8, 3))


@pytest.mark.parametrize(
    ("filters", "groups"), [(512, 32), (128, 32), (64, 16), (8, 2), (6, 1), (3, 1)]
)
def test_groups_are_32_or_of_four_filters(filters: int, groups: int) -> None:
    """Each group of an image has mean 0 and variance 1."""
    x = keras.Input((6, 6, filters))
    y = called(keras.Model(x, normalised(x, "norm")), 5 + 3 * noise(2, 6, 6, filters))
    grouped = y.reshape(2, 36, groups, filters // groups)
    np.testing.assert_allclose(grouped.mean((1, 3)), 0.0, atol=1e-4)
    np.testing.assert_allclose(grouped.var((1, 3)), 1.0, atol=1e-3)


def test_attention_lets_each_place_see_every_other() -> None:
    """3x3 convolutions alone would reach 4 places: two blocks of two."""
    x = keras.Input((1, 12, 8))
    model = keras.Model(x, middle(x, "middle"))
    at_rest = noise(1, 1, 12, 8)
    changed = at_rest.copy()
    changed[0, 0, 0, 0] += 3.0
    moved = np.abs(called(model, changed) - called(model, at_rest)).max(-1)[0, 0]
    assert (moved > 1e-6).all()


# --- in runs


@pytest.mark.parametrize(
    "parts",
    [
        {"encoder": "mlp", "encoder_opt": {"units": (6, 5)}, "decoder": "burgess"},
        {
            "encoder": "kl-f4",
            "latent_opt": {"grid": True},
            "decoder": "kl-f4",
            "encoder_opt": SMALL,
            "decoder_opt": SMALL,
        },
    ],
    ids=["mlp and burgess", "kl-f4"],
)
def test_runs_open_in_plain_keras_and_go_on(tmp_path, parts) -> None:
    images = np.random.default_rng(0).integers(0, 256, (16, 8, 8, 1), dtype="uint8")
    out = str(tmp_path / "run")
    run = vaekit.train(
        **parts,
        loss="elbo",
        data=images,
        latent_dim=3,
        epochs=1,
        batch_size=8,
        out=out,
        progress=False,
        figures=False,
    )
    z = run.latents(images[:4])
    opened = keras.models.load_model(run.path / "VAE_decoder.keras")
    np.testing.assert_allclose(opened.predict(z, verbose=0), run.decode(z), atol=1e-5)
    again = vaekit.resume(out, epochs=2, data=images, progress=False)
    assert again.record.training.epochs_done == 2
