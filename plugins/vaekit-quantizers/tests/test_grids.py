"""Finite scalar and lookup-free quantisation: levels, indices, entropies."""

from __future__ import annotations

import itertools
import math

import keras
import numpy as np
import pytest
import vaekit
from autodiff import gradient
from discrete_latents import made
from keras import ops
from parts import array, blueprint, tensor
from vaekit_quantizers.fsq import ScalarQuantizer
from vaekit_quantizers.lfq import Signs

PAPER = (8, 5, 5, 5)


def grid(levels=PAPER) -> ScalarQuantizer:
    return ScalarQuantizer(levels, of="fsq")


def signs(dim: int, **options: float) -> Signs:
    values = {"commitment": 0.25, "entropy": 1.0, "diversity": 1.0, "temperature": 1.0}
    return Signs(dim, **{**values, **options})


@pytest.mark.backend
@pytest.mark.parametrize("quantizer", [grid(), grid((2, 3, 4)), signs(6)])
def test_each_index_leads_to_a_code_and_back(quantizer) -> None:
    """[8, 5, 5, 5] has 1000, 6 signs 64: all different."""
    count = math.prod(quantizer.levels)
    assert quantizer.sizes == (count,)
    index = ops.convert_to_tensor(np.arange(count)[:, None], "int32")
    codes = array(quantizer.vectors_of(index))
    assert len(np.unique(codes, axis=0)) == count
    again = quantizer.quantize(tensor(codes[:, None]), None)
    np.testing.assert_array_equal(array(again.index)[:, 0, 0], np.arange(count))
    np.testing.assert_allclose(array(again.z)[:, 0], codes, atol=1e-6)


def test_the_papers_grid_has_a_thousand_codes() -> None:
    assert grid().sizes == (1000,)
    np.testing.assert_allclose(
        array(grid().vectors_of(ops.convert_to_tensor([[0], [7], [8]], "int32"))),
        [[-1, -1, -1, -1], [0.75, -1, -1, -1], [-1, -0.5, -1, -1]],
    )


@pytest.mark.backend
@pytest.mark.parametrize("levels", [2, 3, 4, 5, 8])
def test_every_level_is_reached_and_even_ones_are_shifted_by_half(levels: int) -> None:
    quantizer = grid((levels,))
    inputs = keras.Input((1,))
    bound = keras.Model(inputs, quantizer.bounded(inputs))
    x = np.linspace(-12, 12, 4001, dtype="float32")[:, None]
    bounded = bound.predict(x, verbose=0)
    half, width = levels // 2, (levels - 1) / 2
    shift = 0.5 if levels % 2 == 0 else 0.0
    reach = width * 1.001
    expected = (np.tanh(x + np.arctanh(shift / reach)) * reach - shift) / half
    np.testing.assert_allclose(bounded, expected, atol=1e-5)
    digits = array(quantizer.quantize(tensor(bounded[:, None]), None).index)[:, 0, 0]
    np.testing.assert_array_equal(np.unique(digits), np.arange(levels))
    assert (np.diff(digits) >= 0).all()
    assert abs(bound.predict(np.zeros((1, 1), "float32"), verbose=0)[0, 0]) < 1e-6


@pytest.mark.backend
@pytest.mark.parametrize("quantizer", [grid(), signs(4)])
def test_the_gradient_passes_straight_through(quantizer) -> None:
    z = tensor(np.random.default_rng(0).uniform(-0.9, 0.7, size=(2, 3, 4)))
    weight = tensor(np.random.default_rng(1).normal(size=(2, 3, 4)))
    through = gradient(lambda at: ops.sum(weight * quantizer.quantize(at, None).z), z)
    np.testing.assert_allclose(array(through), array(weight), rtol=1e-6)


def test_levels_are_for_each_value_or_for_all() -> None:
    assert made("fsq", levels=(3,)).quantizer.sizes == (81,)
    with pytest.raises(vaekit.BuildError, match=r"'fsq' has levels for 4 values, and latent_dim"):
        blueprint(latent="fsq", latent_dim=3, latent_opt={"levels": "8,5,5,5"}).build()
    with pytest.raises(vaekit.BuildError, match=r"'lfq' has 2 x .* at most 262144 are counted"):
        blueprint(latent="lfq", latent_dim=19).build()


@pytest.mark.backend
@pytest.mark.parametrize(("dim", "temperature"), [(1, 1.0), (4, 1.0), (5, 0.3)])
def test_entropies_are_those_of_all_codes(dim: int, temperature: float) -> None:
    """By 2^d probabilities, proportional to exp(-|z - c|^2 / temperature), one by one."""
    z = np.random.default_rng(0).normal(scale=0.4, size=(3, 7, dim))
    codes = np.array(list(itertools.product([-1.0, 1.0], repeat=dim)))
    logits = -np.square(z[..., None, :] - codes).sum(-1) / temperature
    p = np.exp(logits - logits.max(-1, keepdims=True))
    p /= p.sum(-1, keepdims=True)
    assert p.shape[-1] == 2**dim
    each, together = signs(dim, temperature=temperature).entropies(tensor(z))
    np.testing.assert_allclose(array(each), -(p * np.log(p)).sum(-1).mean(-1), rtol=1e-4)
    mean = p.mean((0, 1))
    assert float(together) == pytest.approx(-(mean * np.log(mean)).sum(), rel=1e-4)


@pytest.mark.backend
def test_lookup_free_terms_are_commitment_and_entropy() -> None:
    z = np.random.default_rng(0).normal(size=(3, 7, 4))
    quantizer = signs(4, commitment=0.5, entropy=0.1, diversity=2.0)
    out = quantizer.quantize(tensor(z), None)
    np.testing.assert_allclose(array(out.z), np.where(z >= 0, 1.0, -1.0), atol=1e-6)
    expected = 0.5 * np.square(z - np.sign(z)).sum(-1).mean(-1)
    np.testing.assert_allclose(array(out.terms["commitment"]), expected, rtol=1e-5)
    each, together = quantizer.entropies(tensor(z))
    expected = 0.1 * (array(each) - 2.0 * float(together))
    np.testing.assert_allclose(array(out.terms["entropy"]), expected, rtol=1e-5)


@pytest.mark.backend
def test_entropies_stay_finite_far_out() -> None:
    z = tensor([[[1e4, -1e4, 0.0]]])
    slope = gradient(lambda at: ops.sum(signs(3).quantize(at, None).terms["entropy"]), z)
    assert np.isfinite(array(slope)).all()
    each, together = signs(3).entropies(z)
    assert float(each[0]) == pytest.approx(math.log(2), rel=1e-5)
    assert float(together) == pytest.approx(math.log(2), rel=1e-5)
