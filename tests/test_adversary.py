"""A loss with an adversary: two networks, two optimizers, one trainer."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import ops

from tests.parts import make_vae, some_images
from tests.small_nets import SMALL_NETS
from vaekit.engine import Evaluation, Program, compile_train, score
from vaekit.errors import BuildError
from vaekit.loss import Adversary, Loss, needs_of

pytestmark = pytest.mark.backend


class Judge(Adversary):
    """Learns to give latents the score 3."""

    def __init__(self, rate):
        self.rate = rate

    def build(self, image_shape, latent_dim):
        assert image_shape == (8, 8, 1)
        return keras.Sequential([keras.Input((latent_dim,)), keras.layers.Dense(1)])

    def optimizer(self):
        return keras.optimizers.SGD(self.rate)

    def __call__(self, x, output, seed):
        return {"judge": ops.square(output.adversary(output.z)[:, 0] - 3.0)}


class Judged(Loss):
    """The judge's score of z, times a weight, and the reconstruction."""

    def __init__(self, rate=0.1, weight=1.0):
        self.weight = weight
        self.adversary = Judge(rate)

    def __call__(self, x, output):
        error = ops.mean(ops.square(x - output.reconstruction), axis=(-3, -2, -1))
        return {"error": error, "score": self.weight * output.adversary(output.z)[:, 0]}


def program(loss, rate=1e-3):
    vae = make_vae((8, 8, 1), **SMALL_NETS)
    optimizer = keras.optimizers.Adam(rate)
    return Program(vae, loss, needs_of(loss, "judged"), optimizer, seed=0, loss_name="judged")


def moved(before, variables):
    return [not np.array_equal(a, v.numpy()) for a, v in zip(before, variables, strict=True)]


def trained(loss, rate=1e-3, steps=3):
    made = program(loss, rate)
    weights = [[np.array(v.numpy()) for v in o.variables] for o in made.objectives]
    block = np.arange(24, dtype="int32").reshape(3, 8)[:steps]
    rows = compile_train(made, some_images())(block)
    return made, weights, rows


def test_each_network_follows_its_own_optimizer():
    for judge_rate, vae_rate in ((0.1, 1e-3), (0.0, 1e-3), (0.1, 0.0)):
        made, before, _ = trained(Judged(judge_rate), vae_rate)
        vae, judge = made.objectives
        assert any(moved(before[0], vae.variables)) == (vae_rate > 0)
        assert any(moved(before[1], judge.variables)) == (judge_rate > 0)


def test_the_judges_step_is_the_gradient_of_its_own_loss():
    """One SGD step by hand: the score's pull on the judge through the VAE's loss must not count."""
    made, before, rows = trained(Judged(0.1, weight=100.0), rate=0.0, steps=1)
    fresh = program(Judged(0.0))
    x = some_images()[:8].astype("float32") / np.float32(255)
    output = fresh.vae(ops.convert_to_tensor(x), fresh.noise, training=True)
    z = ops.convert_to_numpy(output.z)
    kernel, bias = before[1]
    error = 2 * (z @ kernel + bias - 3.0) / 8
    np.testing.assert_allclose(
        made.objectives[1].variables[0].numpy(), kernel - 0.1 * z.T @ error, rtol=1e-3, atol=1e-5
    )
    np.testing.assert_allclose(
        made.objectives[1].variables[1].numpy(), bias - 0.1 * error.sum(0), rtol=1e-3, atol=1e-5
    )
    summary = made.columns.summary(rows[0], 8)
    assert summary["adversary_loss"] == pytest.approx(summary["judge"])
    assert summary["loss"] == pytest.approx(summary["error"] + summary["score"], rel=1e-5)


def test_the_judge_learns():
    made = program(Judged(0.01), rate=1e-4)
    train = compile_train(made, some_images())
    rows = np.concatenate([train(np.arange(24, dtype="int32").reshape(3, 8)) for _ in range(20)])
    at = made.columns.names.index("judge")
    assert rows[-3:, at].mean() < 0.5 * rows[:3, at].mean()


def test_evaluation_reports_both_and_moves_neither():
    made = program(Judged())
    before = [np.array(v.numpy()) for o in made.objectives for v in o.variables]
    summary = Evaluation(made, some_images())()
    assert {"judge", "adversary_loss", "score"} <= set(summary)
    assert not any(moved(before, [v for o in made.objectives for v in o.variables]))


def test_state_holds_the_judge_and_its_optimizer():
    made = program(Judged())
    known = {id(v) for v in made.state}
    judge = made.objectives[1]
    assert all(id(v) in known for v in [*judge.variables, *judge.optimizer.variables])


def test_terms_of_one_name_are_refused():
    class Twice(Judge):
        def __call__(self, x, output, seed):
            return {"error": output.z[:, 0]}

    loss = Judged()
    loss.adversary = Twice(0.1)
    with pytest.raises(BuildError, match=r"adversary of the loss 'judged' has a term 'error'"):
        program(loss)


def test_scores_of_each_image_average_to_the_evaluation():
    """Its own terms and the adversary's, by the same draws, whatever the batches."""
    made, images = program(Judged()), some_images(300)
    scores, averages = score(made, images), Evaluation(made, images)()
    assert set(scores) == {
        *("loss", "error", "score", "adversary_loss", "judge", "kl", "mse", "psnr")
    }
    for name in scores.keys() - {"psnr"}:
        assert scores[name].mean(dtype=float) == pytest.approx(averages[name], rel=1e-5)
