"""Sums of codes, and codes side by side."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import vaekit
from autodiff import gradient
from discrete_latents import given, made
from keras import ops
from parts import array, blueprint, tensor
from vaekit_quantizers.averages import AveragedCodebook
from vaekit_quantizers.fsq import ScalarQuantizer
from vaekit_quantizers.product import Product
from vaekit_quantizers.residual import Residual


def seed() -> keras.random.SeedGenerator:
    return keras.random.SeedGenerator(1)


def books(depth: int = 4, *, zero: bool = False) -> list[AveragedCodebook]:
    levels = [AveragedCodebook(6, 3, 0.9, name=f"level_{n}", restart=0.01) for n in range(depth)]
    for number, level in enumerate(levels):
        vectors = array(level.vectors) / 2**number
        if zero:
            vectors[0] = 0.0
        level._assign(tensor(vectors))
    return levels


Z = np.random.default_rng(0).normal(size=(4, 9, 3))


@pytest.mark.backend
def test_the_sum_of_codes_is_the_output_and_each_is_nearest_to_what_is_left() -> None:
    levels = books()
    residual = Residual(levels, [1.0] * 4, 0.0)
    out = residual.quantize(tensor(Z), seed())
    index, left, total = array(out.index).astype(int), Z, 0.0
    for at, level in enumerate(levels):
        vectors = array(level.vectors)
        nearest = np.square(left[..., None, :] - vectors).sum(-1).argmin(-1)
        np.testing.assert_array_equal(index[..., at], nearest)
        total, left = total + vectors[nearest], left - vectors[nearest]
    np.testing.assert_allclose(array(out.z), total, atol=1e-5)
    looked_up = residual.vectors_of(ops.cast(out.index, "int32"))
    np.testing.assert_allclose(array(looked_up), total, atol=1e-5)


@pytest.mark.parametrize("zero", [True, False])
def test_the_error_never_rises_where_0_is_a_code(zero: bool) -> None:
    levels = books(zero=zero)
    errors = [np.linalg.norm(Z, axis=-1)]
    for depth in range(1, 5):
        out = Residual(levels[:depth], [1.0] * depth, 0.0).quantize(tensor(Z), seed())
        errors.append(np.linalg.norm(array(out.z) - Z, axis=-1))
    rises = np.diff(errors, axis=0) > 1e-5
    assert rises.any() != zero  # without it, it does for some


@pytest.mark.backend
def test_residual_fsq_errs_less_at_each_level_and_scales_by_the_paper() -> None:
    grids = [ScalarQuantizer([5, 5, 5], of="test", name=f"level_{n}") for n in range(3)]
    z = np.random.default_rng(0).uniform(-1, 1, size=(4, 9, 3))
    scales = [1.0, 1 / 4, 1 / 16]
    for depth, bound in ((1, 1 / 4), (2, 1 / 16), (3, 1 / 64)):
        out = Residual(grids[:depth], scales[:depth], 0.0).quantize(tensor(z), seed())
        assert np.abs(array(out.z) - z).max() <= bound + 1e-6
    latent = made("residual-fsq", levels=(5,), depth=3)
    assert latent.quantizer.scales == scales


@pytest.mark.backend
def test_the_gradient_is_that_of_one_code() -> None:
    """dL/de = dL/dq of the sum, not once a level."""
    residual = Residual(books(), [1.0] * 4, 0.0)
    weight = tensor(np.random.default_rng(2).normal(size=Z.shape))
    through = gradient(lambda z: ops.sum(weight * residual.quantize(z, seed()).z), tensor(Z))
    np.testing.assert_allclose(array(through), array(weight), rtol=1e-5)


@pytest.mark.backend
def test_dropout_leaves_out_the_last_levels_of_some_images_in_training_alone() -> None:
    levels = books()
    z = np.repeat(Z[:1], 400, 0)
    # How many of the levels make the sum, image by image.
    sums = [
        array(Residual(levels[:depth], [1.0] * depth, 0.0).quantize(tensor(Z[:1]), seed()).z)
        for depth in range(1, 5)
    ]
    residual = Residual([Frozen(level) for level in levels], [1.0] * 4, dropout=0.5)
    out = array(residual.quantize(tensor(z), seed(), training=True).z)
    depth = np.stack([np.abs(out - one).max((1, 2)) < 1e-5 for one in sums])
    np.testing.assert_array_equal(depth.sum(0), 1)
    share = depth.mean(1)
    np.testing.assert_allclose(share, [1 / 8, 1 / 8, 1 / 8, 5 / 8], atol=0.09)
    whole = array(residual.quantize(tensor(z), seed()).z)
    np.testing.assert_allclose(whole, np.repeat(sums[-1], 400, 0), atol=1e-5)


class Frozen:
    """A codebook that training leaves as it is."""

    def __init__(self, book: AveragedCodebook) -> None:
        self.book, self.dim, self.sizes = book, book.dim, book.sizes

    def quantize(self, z_e, seed, *, training=False):
        return self.book.quantize(z_e, seed)


def test_a_shared_codebook_is_one_and_follows_all_levels() -> None:
    latent = made("residual-vq", shared=True)
    levels = latent.quantizer.levels
    assert len(levels) == 3
    assert len({id(level) for level in levels}) == 1
    assert len({id(level) for level in made("residual-vq").quantizer.levels}) == 3
    before = array(levels[0].size)
    latent.shape((2, 2, 3))
    latent.infer({"z_e": ops.ones((2, 2, 2, 3))}, given(latent, training=True))
    assert not np.array_equal(array(levels[0].size), before)


def test_figures_are_by_level() -> None:
    latent = made("residual-vq")
    latent.shape((2, 2, 3))
    z_e = tensor(np.random.default_rng(0).normal(size=(5, 2, 2, 3)))
    draw = latent.infer({"z_e": z_e}, given(latent))
    figures = latent.summary({"code_usage": array(draw.report["code_usage"]).mean(0)})
    index = array(latent.quantizer.quantize(tensor(array(z_e).reshape(5, 4, 3)), seed()).index)
    for level in range(3):
        share = np.bincount(index[..., level].astype(int).ravel(), minlength=5) / 20
        share = share[share > 0]
        expected = np.exp(-(share * np.log(share)).sum())
        assert figures[f"perplexity_{level}"] == pytest.approx(expected, rel=1e-5)
        assert figures[f"codes_used_{level}"] == len(share)


@pytest.mark.backend
def test_a_product_is_its_groups_side_by_side() -> None:
    groups = [AveragedCodebook(5, dim, 0.9, name=f"group_{dim}") for dim in (1, 2)]
    out = Product(groups).quantize(tensor(Z), seed())
    for at, (group, part) in enumerate(zip(groups, (Z[..., :1], Z[..., 1:]), strict=True)):
        alone = group.quantize(tensor(part), seed())
        np.testing.assert_array_equal(array(out.index)[..., at], array(alone.index)[..., 0])
    np.testing.assert_allclose(
        array(Product(groups).vectors_of(ops.cast(out.index, "int32"))), array(out.z), atol=1e-6
    )


def test_groups_that_do_not_fit_are_refused() -> None:
    with pytest.raises(vaekit.BuildError, match=r"'product-vq' can't cut latent_dim=7 .* to 9, or"):
        blueprint(latent="product-vq", latent_dim=7, latent_opt={"groups": 3}).build()
