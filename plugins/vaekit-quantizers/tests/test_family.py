"""What all of the family do: indices and what they lead to, usage, priors, refusals."""

from __future__ import annotations

import numpy as np
import pytest
import vaekit
from discrete_latents import FAMILY, features_of, given, made, on
from parts import array, tensor
from vaekit_quantizers.usage import usage, usage_figures

every = pytest.mark.parametrize("name", FAMILY)
SIZES = {
    "vq": [5],
    "vq by gradient, cosine, rotation": [5],
    "residual-vq": [5, 5, 5],
    "residual-vq, shared": [5, 5, 5],
    "product-vq": [5, 5],
    "fsq": [1000],
    "residual-fsq": [18, 18],
    "lfq": [32],
    "gumbel-softmax": [4, 4, 4],
}


@pytest.mark.backend
@pytest.mark.parametrize("features", [(3,), (2, 2, 3)], ids=["vector", "map"])
@every
def test_indices_lead_to_the_point_again(name: str, features: tuple[int, ...]) -> None:
    """By layers, as saved models have them, and by operations, as training has them."""
    latent = made(name)
    model, names = on(latent, features)
    x = features_of(features)
    *parameters, point, code = (np.asarray(out) for out in model.predict(x, verbose=0))
    assert point.shape == (6, *latent.shape(features))
    places, count = features[:-1], len(SIZES[name])
    assert code.shape == (6, *(places if places and count == 1 else (*places, count)))
    assert model.outputs[-1].dtype == str(np.min_scalar_type(max(SIZES[name]) - 1))
    np.testing.assert_allclose(latent.looked_up(code), point, atol=1e-6)
    drawn = latent.infer(dict(zip(names, map(tensor, parameters), strict=True)), given(latent))
    if name != "gumbel-softmax":
        np.testing.assert_allclose(array(drawn.z), point.reshape(6, -1), atol=1e-5)
    assert len(np.unique(code)) > 1


@pytest.mark.backend
@every
def test_the_prior_draws_every_code_alike_and_the_kl_is_from_it(name: str) -> None:
    latent, features = made(name), (2, 2, 3)
    model, names = on(latent, features)
    parameters = model.predict(features_of(features), verbose=0)[: len(names)]
    draw = latent.infer(dict(zip(names, map(tensor, parameters), strict=True)), given(latent))
    nats = 4 * np.log(SIZES[name]).sum()
    if latent.constant_kl:
        np.testing.assert_allclose(array(draw.kl).sum(-1), nats, rtol=1e-6)
        np.testing.assert_allclose(array(draw.log_ratio), nats, rtol=1e-6)
    law = latent.own_prior()
    assert law.noise_dim == 4 * len(SIZES[name])
    noise = np.random.default_rng(0).normal(size=(3000, law.noise_dim)).astype("float32")
    z = array(law.from_noise(tensor(noise)))
    assert z.shape == (3000, 4 * latent.shape(features)[-1])
    np.testing.assert_allclose(array(law.log_prob(tensor(z))), -nats, rtol=1e-6)
    shares = array(latent.infer(parameters_of(latent, z), given(latent)).report["code_usage"])
    if "residual" in name:  # of a sum of codes, other codes may be as near
        return
    for share in np.split(shares.mean(0), np.cumsum(SIZES[name])[:-1]):
        if len(share) < 40:
            np.testing.assert_allclose(share, 1 / len(share), atol=5 * (len(share) * 12000) ** -0.5)
        assert (share > 0).all()


def parameters_of(latent: vaekit.Latent, z: np.ndarray) -> dict:
    """Parameters whose codes are these."""
    if hasattr(latent, "classes"):
        return {"logits": tensor(1e3 * z.reshape(len(z), -1, latent.classes.dim))}
    return {"z_e": tensor(z.reshape(len(z), *latent.shape((2, 2, 3))))}


@every
def test_a_code_that_there_is_not_is_refused(name: str) -> None:
    latent = made(name)
    model, _ = on(latent, (2, 2, 3))
    code = np.zeros((3, *model.outputs[-1].shape[1:]), "int64")
    code[1, 0] = SIZES[name][0]
    last = SIZES[name][0] - 1
    with pytest.raises(vaekit.DataError, match=rf"no code {last + 1}, as image 1 .* 0 to {last}\."):
        latent.looked_up(code)


@every
def test_what_lies_between_two_codes_is_codes(name: str) -> None:
    latent, features = made(name), (2, 2, 3)
    model, _ = on(latent, features)
    point = np.asarray(model.predict(features_of(features), verbose=0)[-2])
    share = np.linspace(0.0, 1.0, 5)[None]
    way = latent.between(point[:1, None], point[1:2, None], share)
    assert way.shape == (1, 5, *point.shape[1:])
    np.testing.assert_array_equal(way[0, [0, -1]], point[:2])
    sizes = SIZES[name]
    every_code = np.stack(np.unravel_index(np.arange(np.prod(sizes)), sizes), -1)
    latent.shape((3,))
    codes = latent.looked_up(every_code)
    apart = np.abs(way.reshape(-1, 1, codes.shape[-1]) - codes).max(-1)
    assert apart.min(-1).max() < 1e-5


@pytest.mark.backend
@pytest.mark.parametrize("size", [2, 5, 16, 1000])
def test_usage_is_a_count(size: int) -> None:
    index = np.random.default_rng(size).integers(0, size, size=(4, 9))
    expected = [np.bincount(row, minlength=size) / 9 for row in index]
    np.testing.assert_allclose(array(usage(index.astype("int32"), size)), expected, rtol=1e-6)


def test_perplexity_is_by_level_and_over_an_epoch() -> None:
    """exp H of the mean of shares, which is larger than the mean of each batch's."""
    batches = np.array([[1.0, 0, 0, 0.5, 0.5], [0, 1.0, 0, 0.5, 0.5]])
    figures = usage_figures(batches.mean(0), (3, 2))
    assert figures == {
        "perplexity_0": pytest.approx(2.0),
        "codes_used_0": 2,
        "perplexity_1": pytest.approx(2.0),
        "codes_used_1": 2,
    }
    assert usage_figures(np.array([0.25, 0.75]), (2,)).keys() == {"perplexity", "codes_used"}
