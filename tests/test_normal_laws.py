"""Normal laws over z, held against SciPy's and closed forms in NumPy."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import ops
from scipy import stats

from vaekit.distributions import (
    DiagonalNormal,
    Distribution,
    FullNormal,
    PointMass,
    StandardNormal,
    divergence,
    kl_standard_normal,
)

pytestmark = [pytest.mark.backend, pytest.mark.quick]

DRAWS = 40_000


def tensor(values):
    return ops.convert_to_tensor(np.asarray(values, "float32"))


def array(values):
    return np.asarray(ops.convert_to_numpy(values), "float64")


def seed(number=11):
    return keras.random.SeedGenerator(number)


def diagonal(shape=(5, 3), start=0):
    random = np.random.default_rng(start)
    return DiagonalNormal(
        tensor(random.normal(0, 1.5, shape)), tensor(random.uniform(-2, 1.5, shape))
    )


def triangles(count, size, start=0):
    """Means `(count, size)` and Cholesky factors, and SciPy's laws of them."""
    random = np.random.default_rng(start)
    mean = random.normal(size=(count, size)).astype("float32")
    tril = np.tril(random.normal(size=(count, size, size)), -1).astype("float32")
    tril += np.stack([np.diag(row) for row in random.uniform(0.3, 2.0, (count, size))])
    laws = [
        stats.multivariate_normal(m, t.astype("float64") @ t.T.astype("float64"))
        for m, t in zip(mean, tril, strict=True)
    ]
    return FullNormal(tensor(mean), tensor(tril)), laws, mean, tril


def of_full(law):
    """Mean and covariance of diagonal normals."""
    mean, variance = array(law.z_mean), np.exp(array(law.z_log_var))
    return mean, np.stack([np.diag(row) for row in variance])


def kl_of_normals(mean, covariance, other_mean, other_covariance):
    """KL(N(m, C) || N(m', C')) by its closed form, with inverses and determinants."""
    inverse, away = np.linalg.inv(other_covariance), other_mean - mean
    dets = np.linalg.slogdet(other_covariance)[1] - np.linalg.slogdet(covariance)[1]
    return 0.5 * (np.trace(inverse @ covariance) + away @ inverse @ away - len(mean) + dets)


def test_a_diagonal_normals_density_sums_scipys_over_its_dimensions():
    law, z = diagonal(), np.random.default_rng(1).normal(size=(5, 3))
    scale = np.exp(array(law.z_log_var) / 2)
    expected = stats.norm.logpdf(z, array(law.z_mean), scale).sum(axis=-1)
    np.testing.assert_allclose(array(law.log_prob(tensor(z))), expected, rtol=1e-4, atol=1e-5)


def test_the_kl_of_two_diagonal_normals_is_their_closed_form_by_dimension():
    posterior, prior = diagonal(), diagonal(start=1)
    kl = array(posterior.kl(prior))
    assert kl.shape == (5, 3)
    for row, *parameters in zip(kl, *of_full(posterior), *of_full(prior), strict=True):
        assert row.sum() == pytest.approx(kl_of_normals(*parameters), rel=1e-4)
    np.testing.assert_allclose(array(posterior.kl(posterior)), 0, atol=1e-6)


def test_one_prior_serves_a_batch_of_posteriors():
    posterior = diagonal()
    one = DiagonalNormal(*(part[0] for part in diagonal(start=1)))
    kl = array(posterior.kl(one))
    rows = [array(DiagonalNormal(*(p[i] for p in posterior)).kl(one)) for i in range(5)]
    np.testing.assert_allclose(kl, rows, rtol=1e-6)


def test_the_kl_from_the_standard_normal_is_that_of_its_name_to_the_bit():
    """As losses of API 1 have it."""
    law = diagonal()
    by_unit = ops.convert_to_numpy(kl_standard_normal(law))
    np.testing.assert_array_equal(ops.convert_to_numpy(law.kl(StandardNormal(3))), by_unit)
    np.testing.assert_array_equal(ops.convert_to_numpy(law.kl_by_unit()), by_unit)
    summed = ops.convert_to_numpy(ops.sum(kl_standard_normal(law), axis=-1))
    np.testing.assert_array_equal(ops.convert_to_numpy(law.kl()), summed)


def test_a_full_normals_density_is_scipys():
    law, laws, _, _ = triangles(4, 3)
    z = np.random.default_rng(2).normal(size=(4, 3))
    expected = [one.logpdf(point) for one, point in zip(laws, z, strict=True)]
    np.testing.assert_allclose(array(law.log_prob(tensor(z))), expected, rtol=1e-4)


def test_a_full_normals_kl_is_the_closed_form_and_one_unit():
    law, laws, _, _ = triangles(4, 3)
    kl = array(law.kl(StandardNormal(3)))
    expected = [kl_of_normals(one.mean, one.cov, np.zeros(3), np.eye(3)) for one in laws]
    assert kl.shape == (4, 1)
    np.testing.assert_allclose(kl[:, 0], expected, rtol=1e-4)


def test_a_full_normal_of_a_diagonal_factor_is_the_diagonal_normal():
    law = diagonal((4, 3))
    scale = np.exp(array(law.z_log_var) / 2)
    full = FullNormal(law.z_mean, tensor(np.stack([np.diag(row) for row in scale])))
    z = tensor(np.random.default_rng(3).normal(size=(2, 4, 3)))
    np.testing.assert_allclose(array(full.log_prob(z)), array(law.log_prob(z)), rtol=1e-4)
    kl = array(full.kl(StandardNormal(3)))[:, 0]
    np.testing.assert_allclose(kl, array(law.kl()), rtol=1e-4)
    np.testing.assert_allclose(array(full.sample(seed())), array(law.sample(seed())), rtol=1e-5)


def test_a_full_normals_draws_have_its_mean_and_covariance():
    law, laws, _, _ = triangles(2, 3)
    z = array(law.sample(seed(), (DRAWS,)))
    assert z.shape == (DRAWS, 2, 3)
    for number, one in enumerate(laws):
        error = 5 / np.sqrt(DRAWS)
        np.testing.assert_allclose(z[:, number].mean(0), one.mean, atol=error * 3)
        np.testing.assert_allclose(np.cov(z[:, number].T), one.cov, atol=2 * error * one.cov.max())


LAWS = {
    "diagonal": lambda count: diagonal((count, 3)),
    "full": lambda count: triangles(count, 3)[0],
}


@pytest.mark.parametrize("make", LAWS.values(), ids=LAWS)
def test_draws_are_made_of_noise_as_from_noise_makes_them(make):
    law = make(4)
    noise = keras.random.normal((2, 4, law.noise_dim), seed=seed())
    np.testing.assert_allclose(
        array(law.sample(seed(), (2,))), array(law.from_noise(noise)), rtol=1e-6
    )


@pytest.mark.parametrize("make", LAWS.values(), ids=LAWS)
def test_each_draw_of_each_image_has_a_density_of_its_own(make):
    law = make(4)
    z, log_prob = law.sample_and_log_prob(seed(), (7,))
    assert (tuple(z.shape), tuple(log_prob.shape)) == ((7, 4, 3), (7, 4))
    each = [array(law.log_prob(draw)) for draw in z]
    np.testing.assert_allclose(array(log_prob), each, rtol=1e-5)


@pytest.mark.parametrize("make", LAWS.values(), ids=LAWS)
@pytest.mark.parametrize("lead", [(), (7,)], ids=["a draw", "draws"])
def test_points_are_held_against_every_law_of_a_batch(make, lead):
    """`(B, 1, D)` against `(C, D)`, as mixtures ask: `(B, C)`."""
    law = make(4)
    z = np.random.default_rng(4).normal(size=(*lead, 5, 3)).astype("float32")
    table = array(law.log_prob(tensor(z[..., None, :])))
    assert table.shape == (*lead, 5, 4)
    for image in range(5):
        for component in range(4):
            at = np.broadcast_to(z[..., image, None, :], (*lead, 4, 3))
            expected = array(law.log_prob(tensor(at)))[..., component]
            np.testing.assert_allclose(table[..., image, component], expected, rtol=1e-4)


@pytest.mark.parametrize("make", LAWS.values(), ids=LAWS)
def test_the_mean_log_ratio_of_draws_is_the_kl(make):
    """What `divergence` estimates where there is no closed form."""
    law, prior = make(3), StandardNormal(3)
    z, log_q = law.sample_and_log_prob(seed(), (DRAWS,))
    log_ratio = log_q - prior.log_prob(z)
    expected = array(divergence(law, prior, None)).sum(axis=-1)

    class Unnamed(StandardNormal):
        """The same law; no closed form goes by its name."""

    law_kl = type(law).kl
    try:
        type(law).kl = lambda self, other=None: None
        estimated = array(divergence(law, Unnamed(3), log_ratio))
    finally:
        type(law).kl = law_kl
    assert estimated.shape == (3, 1)
    error = 5 * array(log_ratio).std(axis=0) / np.sqrt(DRAWS)
    assert (np.abs(estimated[:, 0] - expected) < error).all()


def test_standard_normal_draws_and_density():
    law = StandardNormal(3)
    z = law.sample(seed(), (2, 5))
    assert tuple(z.shape) == (2, 5, 3)
    expected = stats.norm.logpdf(array(z)).sum(axis=-1)
    np.testing.assert_allclose(array(law.log_prob(z)), expected, rtol=1e-5)
    assert law.from_noise(z) is z


def test_a_point_mass_gives_its_point_and_has_no_density():
    z = tensor(np.arange(6).reshape(2, 3))
    law = PointMass(z)
    np.testing.assert_array_equal(array(law.sample(seed())), array(z))
    np.testing.assert_array_equal(array(law.sample(seed(), (4,))), [array(z)] * 4)
    drawn, log_prob = law.sample_and_log_prob(seed())
    assert tuple(drawn.shape) == (2, 3)
    assert log_prob is None
    assert divergence(law, StandardNormal(3), None) is None
    with pytest.raises(NotImplementedError, match="PointMass isn't made of normal noise"):
        law.from_noise(z)


def test_laws_are_not_each_others_closed_forms():
    full, other = triangles(4, 3)[0], diagonal((4, 3))
    assert isinstance(full, Distribution)
    assert full.kl(other) is None
    assert other.kl(full) is None
