"""What metrics tell of latents, against closed forms of probabilistic PCA."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest
from keras import ops
from scipy import stats

import vaekit
from tests.linear_model import linear_model, measured
from tests.parts import make_program, some_images
from vaekit.default_plugins.metrics.active_units import active_units
from vaekit.default_plugins.metrics.amortisation_gap import amortisation_gap
from vaekit.default_plugins.metrics.code_usage import code_usage
from vaekit.default_plugins.metrics.elbo_parts import elbo_parts
from vaekit.default_plugins.metrics.prior_hole import prior_hole
from vaekit.default_plugins.metrics.two_samples import two_sample_test
from vaekit.engine import ProgramModel
from vaekit.model import Part
from vaekit.plugins import discover
from vaekit.run import refuse_unfit

pytestmark = pytest.mark.usefixtures("registering")

# Of the exact posterior, in both dimensions.
VARIANCE = 1 / (1 + np.array([1.0, 0.5]) ** 2 / 0.3**2)


def test_collapsed_posteriors_tell_nothing_of_the_image():
    linear = linear_model(slope=0.0, shift=0.7, narrower=np.log(VARIANCE))
    figures = measured(elbo_parts(), linear, linear.images(100))
    assert figures["mutual_information"].value == pytest.approx(0.0, abs=1e-5)
    kl = 2 * 0.5 * 0.7**2  # of N(0.7, I) from N(0, I)
    assert figures["kl"].value == pytest.approx(kl, rel=1e-4)
    assert figures["aggregate_kl"].value == pytest.approx(kl, rel=1e-4)
    np.testing.assert_allclose(figures["kl_by_unit"].value, kl / 2, rtol=1e-4)


def test_disjoint_posteriors_tell_log_n_and_say_that_they_are_at_the_ceiling():
    linear = linear_model(narrower=15.0)
    figures = measured(elbo_parts(), linear, linear.images(60))
    information = figures["mutual_information"]
    assert information.value == pytest.approx(math.log(60), abs=1e-4)
    assert "ceiling" in information.note


@pytest.mark.backend
def test_the_parts_are_those_of_a_linear_model_and_sum_up_to_the_kl():
    """I(x; z) = -0.5 sum log variance, and q(z) is N(shift, I)."""
    linear = linear_model(shift=0.5)
    figures = measured(elbo_parts(images=800), linear, linear.images(1000))
    information, aggregate = figures["mutual_information"], figures["aggregate_kl"]
    noise = 4 * information.error
    assert noise < 0.2
    assert information.value == pytest.approx(-0.5 * np.log(VARIANCE).sum(), abs=noise)
    assert aggregate.value == pytest.approx(2 * 0.5 * 0.5**2, abs=noise)
    assert information.value + aggregate.value == pytest.approx(figures["kl"].value, abs=1e-9)
    assert "800 images" in information.estimator


class OwnDrawsOnly(vaekit.Distribution):
    """A law that takes any z for a draw of its own, as of codes."""

    def sample(self, seed, lead=()):
        raise NotImplementedError

    def log_prob(self, z):
        return ops.zeros_like(z[..., 0])


def test_a_posterior_that_only_knows_its_own_draws_says_that_it_has_no_parts():
    linear = linear_model()
    space = linear.model.latent_space._replace(posterior=lambda parameters: OwnDrawsOnly())
    linear.model.latent_space = space
    figures = measured(elbo_parts(), linear, linear.images(20))
    assert "mutual_information" not in figures
    assert "only knows the density of its own draws" in figures["kl"].note
    assert "aggregate_kl" not in measured(prior_hole(), linear, linear.images(20))


def test_active_units_are_those_that_are_not_planted_dead():
    half_dead = linear_model(slope=np.array([1.0, 0.0]))
    images = half_dead.images(500)
    figures = measured(active_units(), half_dead, images)
    assert figures["active_units"].value == 1
    assert figures["active_share"].value == 0.5
    of_first, of_second = figures["variance_of_mean"].value
    assert of_first == pytest.approx(1 - VARIANCE[0], rel=0.15)
    assert of_second == pytest.approx(0.0, abs=1e-9)
    at = linear_model(slope=0.5)
    assert measured(active_units(threshold=0.25), at, images)["active_units"].value == 0
    assert measured(active_units(threshold=0.05), at, images)["active_units"].value == 2


def test_the_prior_has_a_hole_where_the_aggregate_posterior_is_shifted():
    matched, shifted = linear_model(), linear_model(shift=0.6)
    images = matched.images(300)
    alike = measured(prior_hole(permutations=200), matched, images)
    apart = measured(prior_hole(permutations=200), shifted, images)
    assert alike["p_value"].value > 0.05
    assert apart["p_value"].value == pytest.approx(1 / 201)
    assert apart["squared_mmd"].value > alike["squared_mmd"].value + 0.03
    assert apart["aggregate_kl"].value == pytest.approx(0.6**2, abs=0.15)
    assert alike["aggregate_kl"].value == pytest.approx(0.0, abs=0.15)


def test_p_values_are_uniform_where_two_samples_are_of_one_law():
    rng = np.random.default_rng(0)
    p_values = [
        two_sample_test(*rng.normal(size=(2, 15, 3)), permutations=49, rng=rng).p_value
        for _ in range(200)
    ]
    assert stats.kstest(p_values, "uniform").statistic < 1.63 / math.sqrt(200) + 1 / 50


def test_the_squared_mmd_is_unbiased():
    """Of N(0, 1) and N(1, 1) against the mean over kernels of pairs, one by one."""
    rng = np.random.default_rng(0)
    one, other = rng.normal(size=(12, 2)), 1 + rng.normal(size=(12, 2))
    pooled = np.concatenate([one, other])
    distances = np.linalg.norm(pooled[:, None] - pooled[None], axis=-1)
    h = np.median(distances[np.triu_indices(24, 1)])

    def kernel(a, b):
        return np.exp(-np.sum((a - b) ** 2) / (2 * h**2))

    within = [
        kernel(s[i], s[j]) for s in (one, other) for i in range(12) for j in range(12) if i - j
    ]
    across = [kernel(a, b) for a in one for b in other]
    expected = 2 * np.mean(within) - 2 * np.mean(across)
    squared = two_sample_test(one, other, 19, rng).squared_mmd
    assert squared == pytest.approx(expected, rel=1e-6)


@pytest.mark.backend
def test_there_is_no_gap_where_the_encoder_gives_the_exact_posterior():
    linear = linear_model()
    figures = measured(amortisation_gap(), linear, linear.images(200))
    assert figures["amortisation_gap"].value == pytest.approx(0.0, abs=1e-3)
    assert figures["amortisation_gap"].note == ""


@pytest.mark.backend
def test_the_gap_of_a_perturbed_encoder_is_its_kl_from_the_exact_posterior():
    """KL of N(m + shift, v e^-n) from N(m, v): 0.5 (shift^2 / v + e^-n - 1 + n), summed."""
    shift, narrower = 0.15, 0.8
    linear = linear_model(shift=shift, narrower=narrower)
    images = linear.images(100)
    kl = 0.5 * np.sum(shift**2 / VARIANCE + np.exp(-narrower) - 1 + narrower)
    figures = measured(amortisation_gap(), linear, images)
    assert figures["amortisation_gap"].value == pytest.approx(kl, abs=0.03)
    improved = figures["improved_elbo"].value
    assert improved == pytest.approx(linear.log_evidence(images).mean(), abs=0.1)
    assert improved - figures["elbo"].value == pytest.approx(figures["amortisation_gap"].value)


def test_too_few_steps_say_that_the_gap_is_larger():
    linear = linear_model(shift=1.0)
    metric = amortisation_gap(steps=10, learning_rate=0.02)
    assert "still rose" in measured(metric, linear, linear.images(50))["amortisation_gap"].note


def test_parameters_that_heads_keep_within_bounds_are_not_moved():
    program = make_program(latent="full-normal", encoder="small", loss="elbo")
    images = vaekit.Images(some_images())
    measurement = vaekit.Measurement(ProgramModel(program, None, None), images, lambda: images)
    part = Part(discover().registry.get("metric", "amortisation-gap"), {})
    with pytest.raises(vaekit.UserError, match="keeps its own within bounds"):
        refuse_unfit(part, amortisation_gap(), measurement, {"latent": "full-normal"})


def of_codes(codes, shape, sizes):
    """A measurement of a model that gives these codes, and nothing else."""
    space = SimpleNamespace(
        code_name="code", code_shape=codes.shape[1:], shape=shape, code_sizes=sizes
    )
    model = SimpleNamespace(latent_space=space, posterior=lambda images: {"code": codes})
    images = vaekit.Images(np.zeros((len(codes), 2, 2, 1), "uint8"))
    return vaekit.Measurement(model, images, lambda: images)


def test_codes_are_counted_over_images_and_places():
    codes = np.array([[[0, 1], [2, 3]], [[0, 1], [2, 3]]])
    figures = code_usage()(of_codes(codes, (2, 2, 5), (8,)))
    assert figures["codes_used"].value == 4
    assert figures["perplexity"].value == pytest.approx(4.0)
    assert figures["usage"].value == 0.5


def test_each_level_of_codes_has_figures_of_its_own():
    codes = np.stack([np.zeros(8, int), np.arange(8) // 2], axis=-1)
    figures = code_usage()(of_codes(codes, (5,), (4, 16)))
    assert figures["codes_used"].value == [1, 4]
    assert figures["perplexity"].value == pytest.approx([1.0, 4.0])
    assert figures["usage"].value == [0.25, 0.25]
