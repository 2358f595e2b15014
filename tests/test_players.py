"""Players: who moves what, down which terms, and by which optimizer."""

from __future__ import annotations

import math

import keras
import numpy as np
import pytest
from keras import layers, ops

import vaekit
from tests.parts import blueprint, make_vae, some_images
from tests.resume.runs import KillAt, Killed, result
from vaekit.engine import Program, compile_train
from vaekit.errors import BuildError
from vaekit.loss import VAE_PARTS, Adversary, Loss, Player, needs_of

pytestmark = pytest.mark.backend

PIXELS = (-3, -2, -1)
CODE = ("encoder", "latent", "prior")


class Terms(Loss):
    """`error`, the mean squared error, and `size`, |z|^2; by the players that it's made with."""

    posterior = prior = object

    def __init__(self, players=None, networks=None):
        self.players = players or Loss.players
        self.networks = networks or {}

    def __call__(self, x, output):
        return {
            "error": ops.mean(ops.square(x - output.reconstruction), axis=PIXELS),
            "size": ops.sum(ops.square(output.z), axis=-1),
        }


def dense_encoder(image_shape):
    """Images to six features."""
    images = keras.Input(image_shape)
    flat = layers.Flatten(name="dense_encoder_flatten")(images)
    features = layers.Dense(6, "tanh", name="dense_encoder_features")(flat)
    return keras.Model(images, features)


def dense_decoder(latent_dim, image_shape):
    """Latents to images, linear in the latents."""
    z = keras.Input((latent_dim,))
    pixels = layers.Dense(math.prod(image_shape), name="dense_decoder_pixels")(z)
    return keras.Model(z, layers.Reshape(image_shape, name="dense_decoder_image")(pixels))


@pytest.fixture
def dense(registering):
    """Backbones of one layer each, by which gradients are told by hand."""
    vaekit.register_encoder("one-dense", dense_encoder)
    vaekit.register_decoder("one-dense", dense_decoder)
    return {"encoder": "one-dense", "decoder": "one-dense"}


def sgd(rate):
    return lambda: keras.optimizers.SGD(rate)


def program(loss, dense, optimizer=None, **config):
    vae = make_vae((8, 8, 1), latent_dim=2, latent="deterministic", **dense, **config)
    needs = needs_of(loss, "mine")
    return Program(
        vae, loss, needs, optimizer or keras.optimizers.SGD(0.1), seed=0, loss_name="mine"
    )


def trained(made, steps=1):
    block = np.arange(24, dtype="int32").reshape(3, 8)[:steps]
    return compile_train(made, some_images())(block)


def weights(made):
    """By name, in float64."""
    named = {v.path: np.array(v.numpy(), "float64") for v in made.vae.trainable_variables}
    return [
        named[path]
        for path in (
            *("dense_encoder_features/kernel", "dense_encoder_features/bias"),
            *("encoder_output/kernel", "encoder_output/bias"),
            *("dense_decoder_pixels/kernel", "dense_decoder_pixels/bias"),
        )
    ]


def test_each_player_goes_down_its_own_weighted_terms_from_the_same_weights(dense):
    """By hand: the decoder is moved first, and the encoder's gradient goes through it as it was."""
    players = {
        "picture": Player(("decoder",), {"error": 3.0}, sgd(0.2)),
        "code": Player(CODE, {"error": 2.0, "size": 0.5}, sgd(0.1)),
    }
    made = program(Terms(players), dense)
    a, a0, h, h0, w, w0 = weights(made)
    row = trained(made)[0]
    moved = weights(made)

    x = some_images()[:8].reshape(8, -1) / 255.0
    f = np.tanh(x @ a + a0)
    z = f @ h + h0
    away = z @ w + w0 - x
    error, size = np.square(away).mean(axis=1), np.square(z).sum(axis=1)
    summary = made.columns.summary(row, 8)
    assert summary["loss"] == pytest.approx(3 * error.mean(), rel=1e-5)
    assert summary["code_loss"] == pytest.approx(2 * error.mean() + 0.5 * size.mean(), rel=1e-5)
    assert summary["error"] == pytest.approx(error.mean(), rel=1e-5)

    by_image = 2 * away / 64 / 8  # of the mean error over a batch of 8, in the image
    by_z = 2.0 * by_image @ w.T + 0.5 * 2 * z / 8
    by_f = (by_z @ h.T) * (1 - f**2)
    expected = [
        a - 0.1 * x.T @ by_f,
        a0 - 0.1 * by_f.sum(0),
        h - 0.1 * f.T @ by_z,
        h0 - 0.1 * by_z.sum(0),
        w - 0.2 * 3.0 * z.T @ by_image,
        w0 - 0.2 * 3.0 * by_image.sum(0),
    ]
    for value, target in zip(moved, expected, strict=True):
        np.testing.assert_allclose(value, target, rtol=1e-4, atol=1e-6)


def test_without_players_all_parts_go_down_the_sum(dense):
    alone = program(Terms(), dense)
    same = program(Terms({"loss": Player(VAE_PARTS, {"error": 1.0, "size": 1.0})}), dense)
    np.testing.assert_array_equal(trained(alone, 3), trained(same, 3))
    for one, other in zip(weights(alone), weights(same), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_player_without_terms_takes_what_no_other_names(dense):
    made = program(
        Terms({"code": Player(CODE), "picture": Player(("decoder",), {"error": 1.0})}), dense
    )
    assert [dict(o.terms) for o in made.objectives] == [{"size": 1.0}, {"error": 1.0}]
    assert [o.total for o in made.objectives] == ["loss", "picture_loss"]


def test_a_player_whose_part_has_no_weights_moves_nothing(dense):
    players = {
        "loss": Player(("encoder", "latent", "decoder")),
        "prior": Player(("prior",), {"size": 1.0}),
    }
    made = program(Terms(players), dense)
    assert made.objectives[1].variables == []
    assert np.isfinite(trained(made, 3)).all()


@pytest.mark.parametrize("recipe", ["tutorial", "fast"])
def test_an_optimizer_that_is_not_named_is_one_like_the_runs(dense, recipe):
    players = {"loss": Player(CODE), "picture": Player(("decoder",), {"error": 1.0})}
    vaekit.register_loss("played", lambda: Terms(players))
    config = {**dense, "loss": "played", "latent": "deterministic", "recipe": recipe}
    made = blueprint((8, 8, 1), 0, {**config, "latent_dim": 2, "batch_size": 8}).program()
    first, second = (objective.optimizer for objective in made.objectives)
    assert first is made.optimizer
    assert second is not first
    assert type(second) is type(first)
    before = weights(made)
    rows = trained(made, 3)
    assert np.isfinite(rows).all()
    assert [int(o.optimizer.iterations.numpy()) for o in made.objectives] == [3, 3]
    assert float(second.learning_rate) == float(first.learning_rate)
    assert not any(np.array_equal(a, b) for a, b in zip(before, weights(made), strict=True))


def test_in_float16_what_moves_a_part_of_the_model_scales_its_loss(dense):
    def critic(image_shape, latent_dim):
        return keras.Sequential([keras.Input((latent_dim,)), layers.Dense(1)])

    class Judged(Terms):
        def __call__(self, x, output):
            score = output.networks["critic"](ops.stop_gradient(output.z))[:, 0]
            return {**super().__call__(x, output), "critic": ops.square(score - 3.0)}

    players = {
        "code": Player(CODE, {"error": 1.0, "size": 1.0}),
        "picture": Player(("decoder",), {"error": 1.0}),
        "critic": Player(("critic",), {"critic": 1.0}, sgd(0.01)),
    }

    def made(precision):
        loss = Judged(players, {"critic": critic})
        return program(loss, dense, keras.optimizers.SGD(0.01), precision=precision)

    half, whole = made("mixed_float16"), made("float32")
    scaled = [isinstance(o.optimizer, keras.optimizers.LossScaleOptimizer) for o in half.objectives]
    assert scaled == [True, True, False]
    losses, _ = half.train_step(ops.convert_to_tensor(some_images()[:8]))
    sizes = [float(ops.convert_to_numpy(loss)) for loss in losses]
    assert min(sizes[:2]) > 1000 > sizes[2]  # scaled by 2^15
    np.testing.assert_allclose(trained(half, 3), trained(whole, 3), rtol=0.02)
    for one, other in zip(weights(half), weights(whole), strict=True):
        np.testing.assert_allclose(one, other, rtol=0.02, atol=2e-3)


def judge(image_shape, latent_dim):
    return keras.Sequential([keras.Input((latent_dim,)), layers.Dense(1)])


def judged(output, network):
    return ops.square(network(ops.stop_gradient(output.z))[:, 0] - 3.0)


class Judge(Adversary):
    def build(self, image_shape, latent_dim):
        return judge(image_shape, latent_dim)

    def optimizer(self):
        return keras.optimizers.Adam(0.1)

    def __call__(self, x, output, seed):
        return {"judge": judged(output, output.adversary)}


class ByAdversary(Terms):
    """As a loss of API 1 has it."""

    def __init__(self):
        super().__init__()
        self.adversary = Judge()

    def __call__(self, x, output):
        score = output.adversary(output.z)[:, 0]
        return {**super().__call__(x, output), "score": score}


class ByPlayers(Terms):
    def __init__(self):
        players = {
            "loss": Player(VAE_PARTS),
            "adversary": Player(("judge",), {"judge": 1.0}, lambda: keras.optimizers.Adam(0.1)),
        }
        super().__init__(players, {"judge": judge})

    def __call__(self, x, output):
        network = output.networks["judge"]
        return {
            **super().__call__(x, output),
            "score": network(output.z)[:, 0],
            "judge": judged(output, network),
        }


def test_an_adversary_is_two_players_to_the_bit(dense):
    one, other = (program(loss, dense) for loss in (ByAdversary(), ByPlayers()))
    a, b = (made.columns.means(trained(made, 3).sum(axis=0), 24) for made in (one, other))
    assert set(a) == set(b)
    assert {name: value.tolist() for name, value in a.items()} == {
        name: value.tolist() for name, value in b.items()
    }
    for mine, theirs in zip(one.objectives, other.objectives, strict=True):
        for v, w in zip(mine.variables, theirs.variables, strict=True):
            np.testing.assert_array_equal(v.numpy(), w.numpy())


def test_players_go_on_to_the_bit(dense, tmp_path):
    class Whole(ByPlayers):
        likelihood = vaekit.distributions.Gaussian(0.5)

    vaekit.register_loss("played", Whole)
    images = some_images(36)
    data = ((images[:24], np.zeros(24, int)), (images[24:], np.zeros(12, int)))
    small = {**dense, "data": data, "loss": "played", "epochs": 2, "batch_size": 8}
    small |= {"step_log": True, "progress": False, "latent_dim": 2}
    whole = vaekit.train(**small, out=str(tmp_path / "whole"))
    with pytest.raises(Killed):
        vaekit.train(
            **small, callbacks=[KillAt(4)], checkpoint_every="2steps", out=str(tmp_path / "cut")
        )
    assert result(vaekit.resume(tmp_path / "cut", data=data, progress=False)) == result(whole)
    assert {"adversary_loss", "val_adversary_loss", "judge"} <= set(whole.history[-1])


@pytest.mark.parametrize(
    ("players", "text"),
    [
        ({"loss": Player((*CODE, "painter"))}, "moves 'painter'; there are encoder, latent,"),
        ({"loss": Player(CODE)}, "No player of the loss 'mine' moves 'decoder': one has to"),
        (
            {"loss": Player(VAE_PARTS), "two": Player(("decoder",), {"size": 1.0})},
            "Two players of the loss 'mine' move 'decoder': one has to",
        ),
        (
            {"loss": Player(CODE), "two": Player(("decoder",))},
            "Two players of the loss 'mine' go down all terms that no other names",
        ),
        ({"loss": Player(())}, "The player 'loss' of the loss 'mine' must be a vaekit.Player that"),
        ({"loss": VAE_PARTS}, "The player 'loss' of the loss 'mine' must be a vaekit.Player that"),
        (
            {"loss": Player(VAE_PARTS, {"sise": 1.0})},
            "The player 'loss' of the loss 'mine' goes down the term 'sise', and the loss gives "
            "error, size",
        ),
        (
            {
                "code": Player(CODE),
                "picture": Player(("decoder",), {"error": 1.0, "size": 1.0}),
            },
            "The player 'code' of the loss 'mine' has no term",
        ),
    ],
)
def test_players_that_can_not_be_are_refused(dense, players, text):
    with pytest.raises(BuildError, match=text):
        program(Terms(players), dense)


def test_a_network_is_no_part_of_the_model(dense):
    with pytest.raises(BuildError, match=r"'mine' has a network 'decoder', which is a part of the"):
        program(Terms(networks={"decoder": judge}), dense)


def test_a_network_beside_an_adversary_has_another_name(dense):
    loss = ByAdversary()
    loss.networks = {"adversary": judge}
    with pytest.raises(BuildError, match=r"has an adversary, and a network or a player of that"):
        program(loss, dense)
