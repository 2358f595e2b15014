"""Each rule on evidence that is made up: on this side of its threshold, and on that."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

import vaekit
from tests.diagnosis.made_up import (
    HEALTHY,
    PIXELS,
    SHAPE,
    MadeUpModel,
    evidence,
    history,
    look,
    some_images,
)
from vaekit.diagnosis import RULES, diagnose
from vaekit.diagnosis.likelihood_scale import gaussian_variance
from vaekit.diagnosis.rules.prior_hole import normal_kl
from vaekit.diagnosis.rules.unfinished import left_to_gain
from vaekit.distributions import Bernoulli, Gaussian, Laplace, OptimalGaussian
from vaekit.types import Images


def names(findings, *, remarks=False):
    return [finding.name for finding in findings if finding.remark == remarks]


def test_what_is_healthy_has_no_finding():
    assert diagnose(evidence()) == []
    assert diagnose(evidence(look=look())) == []


def test_rules_have_names_and_say_where_their_threshold_is_from():
    assert len({rule.name for rule in RULES}) == len(RULES)
    for rule in RULES:
        assert all((rule.title, rule.threshold, rule.source, rule.remedy))
        assert set(rule.causes) <= {each.name for each in RULES}


def test_causes_come_before_what_follows_from_them():
    order = [rule.name for rule in RULES]
    for rule in RULES:
        assert all(order.index(rule.name) < order.index(name) for name in rule.causes), rule.name


# Learning rates


def test_a_run_that_diverged_has_a_rate_that_is_too_high():
    (finding,) = diagnose(evidence([], others={"diverged": "'kl' is not finite."}, learning_rate=1))
    assert finding.name == "learning-rate-too-high"
    assert finding.cure.changes == {"learning_rate": 5e-4}


@pytest.mark.parametrize(("leap", "ill"), [(5.0, []), (15.0, ["learning-rate-too-high"])])
def test_a_loss_that_leaps_by_a_tenth_of_the_gain(leap, ill):
    losses = [*HEALTHY[:6], HEALTHY[5] + leap, *HEALTHY[7:]]
    assert names(diagnose(evidence(history(losses)))) == ill


def test_a_loss_that_rises_since_its_weights_do_is_no_leap():
    losses = [100.0, 60.0, 70.0, 80.0, 79.0, 78.9, 78.9]
    rows = history(losses)
    warm = {"loss": "beta", "loss_opt": {"schedule": "linear", "steps": 96, "beta": 1.0}}
    for epoch, row in enumerate(rows):
        row["kl_weight"] = min(1.0, epoch / 3)
    assert names(diagnose(evidence(rows, **warm))) == []


def test_a_rate_near_the_weights_spread_is_too_high_where_nothing_is_learnt():
    # 3x3 kernels of 64 to 64 filters begin with a spread of sqrt(2 / 1152) = 0.0417.
    dead = history(HEALTHY, units=[0.0] * 4)
    found = diagnose(evidence(dead, learning_rate=0.02))
    assert found[0].name == "learning-rate-too-high"
    assert found[0].numbers["rate_by_spread"] == pytest.approx(0.02 / math.sqrt(2 / 1152))
    assert found[1].name == "posterior-collapse"
    assert found[1].caused_by == "learning-rate-too-high"
    slower = evidence(dead, learning_rate=0.001, training_images=10_000)
    assert names(diagnose(slower)) == ["posterior-collapse"]


def test_a_rate_far_below_the_recipes_is_too_low_where_much_is_left():
    straight = history([100.0 - epoch for epoch in range(8)])
    assert names(diagnose(evidence(straight, learning_rate=1e-6)))[0] == "learning-rate-too-low"
    assert names(diagnose(evidence(straight, learning_rate=1e-3))) == ["unfinished"]


# How long


def test_what_is_left_to_gain_of_a_geometric_fall():
    # 0.8^t falls by 1 - 0.8^9 in nine epochs, and 0.8^9 is left.
    falling = np.array([0.8**epoch for epoch in range(10)])
    assert left_to_gain(falling) == pytest.approx(0.8**9 / (1 - 0.8**9))
    assert left_to_gain(np.arange(10.0, 0.0, -1.0)) == math.inf
    assert left_to_gain(np.arange(10.0)) == 0.0


@pytest.mark.parametrize(("share", "remarks"), [(0.95, [False]), (0.9, [True]), (0.8, [])])
def test_unfinished_where_as_much_is_left_as_was_gained(share, remarks):
    # 0.95^9 / (1 - 0.95^9) is 1.7, and of 0.9 it is 0.63, of 0.8 0.15.
    losses = [100.0 + 100.0 * share**epoch for epoch in range(10)]
    found = diagnose(evidence(history(losses)))
    assert [finding.remark for finding in found if finding.name == "unfinished"] == remarks


def test_one_epoch_is_a_remark():
    findings = diagnose(evidence(history([100.0]), epochs=1))
    assert names(findings) == []
    assert names(findings, remarks=True) == ["unfinished"]
    assert findings[0].cure.changes == {"epochs": 10}


@pytest.mark.parametrize(("rise", "ill"), [(2.0, []), (8.0, ["overfitting"])])
def test_overfitting_beyond_a_tenth_of_the_gain(rise, ill):
    held_out = [*HEALTHY[:5], *(HEALTHY[4] + rise for _ in range(5))]
    assert names(diagnose(evidence(history(HEALTHY, held_out)))) == ill


# The KL's weight


@pytest.mark.parametrize("weight", [0.05, 1.0, 20.0, 64.0])
def test_the_weight_of_the_kl_is_read_off_the_loss(weight):
    model = MadeUpModel(weight=weight)
    for kl in (1.0, 0.8, 1.2):  # as over other images
        measured = look(model).kl_weight(kl * float(model.kl.mean()))
        assert measured == pytest.approx(weight, rel=1e-6)


def test_the_weight_of_a_kl_that_is_nearly_nothing_is_read_off_its_term():
    model = MadeUpModel(weight=50.0, kl=np.random.default_rng(1).uniform(1e-5, 2e-5, 200))
    assert look(model).kl_weight(float(model.kl.mean())) == pytest.approx(50.0, rel=1e-6)


def test_a_kl_that_is_averaged_over_latents_is_told_by_its_true_value():
    # A loss that calls the mean over 4 latents its KL: a quarter of what the history has by unit.
    model = MadeUpModel()
    true, model.kl = model.kl, model.kl / 4
    scores = {**model.score(some_images()), "elbo": -model.distortion - true}
    model.score = lambda images: scores
    assert look(model).kl_weight(float(true.mean())) == pytest.approx(0.25, rel=1e-6)


def test_a_mean_of_squared_errors_beside_a_sum_of_kl():
    found = diagnose(evidence(loss="tutorial", loss_opt={"weight": 1.0}))
    assert found[0].name == "mean-for-sum"
    assert found[0].numbers["variance"] == pytest.approx(PIXELS / 2, rel=1e-3)
    assert found[0].cure.changes == {"loss_opt": {"weight": 64.0}}


def test_a_weight_of_as_many_as_an_image_has_values():
    dead = history(HEALTHY, units=[1e-5] * 4, kl_weight=64.0)
    found = diagnose(evidence(dead, loss="beta", loss_opt={"beta": 64.0}))
    assert names(found) == ["mean-for-sum", "posterior-collapse"]
    assert found[0].cure.changes == {"loss_opt": {"beta": 1.0}}
    assert found[1].caused_by == "mean-for-sum"


def test_a_heavy_weight_collapses_half_of_the_latents():
    half = history(HEALTHY, units=[2.0, 2.0, 0.001, 0.002], kl_weight=10.0)
    (found,) = diagnose(evidence(half, loss="beta", loss_opt={"beta": 10.0}))
    assert found.title == "Posterior collapse: the KL's weight is too large"
    assert found.cure.changes == {"loss_opt": {"beta": 1.0}}


@pytest.mark.parametrize(("units", "weight", "line"), [(0.05, 10.0, 0.1), (0.05, 1.0, 0.01)])
def test_what_counts_as_dead_is_one_line_in_rule_and_picture(units, weight, line):
    rows = history(HEALTHY, units=[2.0, 2.0, units, units], kl_weight=weight)
    known = evidence(rows, loss="beta", loss_opt={"beta": weight})
    assert known.dead_below == line
    sentences = [finding.evidence for finding in diagnose(known)]
    assert any("2 of 4 units have a KL below 0.1 nats" in text for text in sentences) == (
        line == 0.1
    )


# Collapse without a weight


def test_collapse_under_a_decoder_that_takes_no_notice():
    dead = history(HEALTHY, units=[0.0] * 4)
    (found,) = diagnose(evidence(dead, look=look(MadeUpModel(reach=0.0))))
    assert found.title == "Posterior collapse: the decoder takes no notice of z"
    assert found.cure.changes == {"decoder": "deconv4"}


def test_collapse_without_a_warm_up():
    dead = history(HEALTHY, units=[0.0] * 4)
    many = {"training_images": 10_000, "epochs": 10, "batch_size": 100}
    (found,) = diagnose(evidence(dead, look=look(), **many))
    assert found.title == "Posterior collapse: the KL isn't warmed up"
    assert found.cure.changes["loss"] == "beta"
    assert found.cure.changes["loss_opt"]["steps"] == 500
    assert found.cure.changes["loss_opt"]["likelihood"] == "bernoulli"


def test_latents_that_are_not_in_use_yet_are_not_dead():
    # 32 steps at a hundredth of the spread move no weight by more than a third of it.
    assert diagnose(evidence(history(HEALTHY, units=[0.0] * 4), training_images=100)) == []


def test_a_kl_that_is_constant_is_not_looked_at():
    class Codes(vaekit.NormalLatent):
        constant_kl = True

    dead = history(HEALTHY, units=[0.0] * 4)
    assert diagnose(evidence(dead, latent=Codes(4))) == []


# The decoder's variance


@pytest.mark.parametrize("sigma", [0.01, 0.3, 20.0])
def test_the_variance_of_a_gaussian_is_seen_from_outside(sigma):
    assert gaussian_variance(Gaussian(sigma), SHAPE) == pytest.approx(sigma**2, rel=1e-2)


@pytest.mark.parametrize("law", [Bernoulli(), Laplace(0.1), OptimalGaussian(), None])
def test_other_laws_have_no_fixed_variance(law):
    assert gaussian_variance(law, SHAPE) is None


@pytest.mark.parametrize(("sigma", "ill"), [(0.1, []), (0.01, ["decoder-variance"])])
def test_a_sigma_far_below_the_error(sigma, ill):
    loss = {"loss_opt": {"likelihood": "gaussian", "sigma": sigma}}
    found = diagnose(evidence(**loss))
    assert names(found) == ill
    if ill:
        assert found[0].numbers["optimal_sigma"] == pytest.approx(math.sqrt(0.02))
        assert found[0].cure.changes["loss_opt"]["likelihood"] == "optimal-gaussian"
        # D/2 (r - 1 - ln r) nats, r = MSE / sigma^2 = 200
        assert found[0].numbers["nats"] == pytest.approx(32 * (199 - math.log(200)), rel=1e-3)


def test_a_variance_that_kills_latents_is_named_before_them():
    dead = history(HEALTHY, units=[3.0, 0.0, 0.0, 0.0])
    loss = {"loss": "tutorial", "loss_opt": {"weight": 200.0}}
    found = diagnose(evidence(dead, **loss, training_images=10_000))
    assert found[0].name == "decoder-variance"  # 64 / 400 = 0.16, 8 times the error
    assert found[0].cure.changes == {"loss_opt": {"weight": 1600.0}}


# Codes


def test_the_kl_of_two_normals_by_their_moments():
    draws = np.random.default_rng(0).standard_normal((200_000, 2))
    wide = 2.0 * draws + [1.0, 0.0]
    # each: (4 - 1 - ln 4) / 2; and half of a shift of 1
    expected = 3 - math.log(4) + 0.5
    assert normal_kl(wide, draws, whole=True) == pytest.approx(expected, rel=0.02)
    assert normal_kl(wide, draws, whole=False) == pytest.approx(expected, rel=0.02)


@pytest.mark.parametrize(("spread", "weight", "ill"), [(1.2, 0.1, []), (3.0, 0.1, ["prior-hole"])])
def test_codes_beyond_the_prior_under_a_light_kl(spread, weight, ill):
    model = MadeUpModel(weight=weight, z=spread * np.random.default_rng(2).normal(size=(1000, 4)))
    loss = {"loss": "beta", "loss_opt": {"beta": weight}}
    found = diagnose(evidence(history(HEALTHY, kl_weight=weight), look=look(model), **loss))
    assert names(found) == ill
    if ill:
        assert found[0].cure.changes == {"loss_opt": {"beta": 1.0}}


def test_codes_beyond_the_prior_under_the_whole_kl_want_another_prior():
    model = MadeUpModel(z=4.0 * np.random.default_rng(2).normal(size=(1000, 4)))
    (found,) = diagnose(evidence(look=look(model)))
    assert (found.name, found.cure.changes) == ("prior-hole", {"prior": "mixture"})


class OfCodes(vaekit.NormalLatent):
    constant_kl = True


@pytest.mark.parametrize(("used", "ill"), [(200, []), (12, ["dead-codes"])])
def test_codes_that_nothing_is_encoded_as(used, ill):
    # 4 places of 512 codes
    figures = {"val_codes_used": used, "val_perplexity": used / 2.0}
    rows = history(HEALTHY, **figures)
    rows[-1]["val_kl"] = 4 * math.log(512)
    codes = {"code_shape": (2, 2), "look": None}
    found = diagnose(evidence(rows, latent=OfCodes(4), others={"code_shape": codes["code_shape"]}))
    assert names(found) == ill
    if ill:
        assert found[0].numbers["codes"] == 512


@pytest.mark.parametrize(("restart", "ill"), [(0.05, []), (0.0, ["dead-codes"])])
def test_codes_that_could_begin_anew(restart, ill):
    rows = history(HEALTHY, val_codes_used=200, val_perplexity=120.0)
    rows[-1]["val_kl"] = 4 * math.log(512)
    run = evidence(rows, latent=OfCodes(4), others={"code_shape": (2, 2)})
    options = run.options["latent"]["grid"]
    options = {"restart": dataclasses.replace(options, name="restart", default=0.05)}
    run = dataclasses.replace(
        run,
        config=run.config.model_copy(update={"latent_opt": {"restart": restart}}),
        options={**run.options, "latent": options},
    )
    found = diagnose(run)
    assert names(found) == ill
    if ill:
        assert found[0].cure.changes == {"latent_opt": {"restart": 0.05}}


# Batch norm


@pytest.mark.parametrize(("moving", "ill"), [(101.0, []), (120.0, ["batch-norm-averages"])])
def test_averages_that_lag_behind(moving, ill):
    seen = look(MadeUpModel(losses=(moving, 100.0)))
    others = {"batch_norm": True}
    assert names(diagnose(evidence(look=seen, others=others, batch_norm_averages="moving"))) == ill
    assert diagnose(evidence(look=seen, others=others)) == []


# The encoder


@pytest.mark.parametrize(("gap", "ill"), [(45.0, []), (55.0, ["amortisation-gap"]), (None, [])])
def test_a_gap_as_large_as_half_of_what_training_gained(gap, ill):
    # of 100 nats; the KL is 8
    found = diagnose(evidence(look=look(MadeUpModel(gap=gap))))
    assert names(found) == ill
    if ill:
        assert found[0].cure.changes == {"encoder_opt": {"width": 256}}


def test_the_gap_is_not_looked_for_where_there_is_an_illness():
    asked = look(MadeUpModel(gap=100.0, losses=(150.0, 100.0)))
    others = {"batch_norm": True}
    found = diagnose(evidence(look=asked, others=others, batch_norm_averages="moving"))
    assert names(found) == ["batch-norm-averages"]


# Latents


def test_latents_that_are_not_in_use_are_a_remark():
    found = diagnose(evidence(history(HEALTHY, units=[3.0, 0.0, 0.0, 0.0])))
    assert names(found, remarks=True) == ["too-many-latents"]
    assert found[0].cure.changes == {"latent_dim": 2}


def test_latents_that_are_full_while_much_is_left_are_a_remark():
    # Random images of variance 1/12, of which 0.02 is in the error: a quarter is 0.0208.
    full = history(HEALTHY, units=[4.0] * 4)
    assert diagnose(evidence(full, look=look())) == []
    full[-1]["val_mse"] = 0.03
    found = diagnose(evidence(full, look=look()))
    assert names(found, remarks=True) == ["too-few-latents"]
    assert found[0].cure.changes == {"latent_dim": 16}


# Images


@pytest.mark.parametrize(("brightest", "ill"), [(0.5, []), (1 / 16, ["image-range"])])
def test_images_that_are_nearly_black(brightest, ill):
    found = diagnose(evidence(others={"values": (0.0, brightest)}))
    assert names(found) == ill
    if ill:
        assert found[0].cure.mend == "stretch"


def test_images_of_which_next_to_nothing_is_lit():
    pixels = np.zeros((300, *SHAPE), "float32")
    pixels[np.arange(0, 300, 2), np.arange(150) % 8, np.arange(150) // 19] = 1.0
    found = diagnose(evidence(look=look(training=Images(pixels))))
    assert found[0].name == "image-range"  # one pixel of 64, in half of the images
    assert found[0].numbers == {"lit": pytest.approx(0.5 / 64)}


def test_images_that_are_all_the_same():
    one = Images(np.repeat(some_images(1).pixels, 300, axis=0))
    found = diagnose(evidence(look=look(training=one)))
    assert names(found)[:2] == ["constant-images", "duplicated-images"]
    assert found[1].caused_by == "constant-images"


def test_copies_among_images():
    pixels = some_images(100).pixels
    found = diagnose(evidence(look=look(training=Images(np.tile(pixels, (3, 1, 1, 1))))))
    assert names(found) == ["duplicated-images"]
    assert found[0].numbers["copies"] == pytest.approx(2 / 3)
    assert found[0].cure.mend == "distinct"


def test_held_out_images_that_were_trained_on():
    same = some_images()
    (found,) = diagnose(evidence(look=look(training=same, held_out=same)))
    assert found.numbers == {"copies": 0.0, "held_out_seen": 1.0}
