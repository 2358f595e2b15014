"""VAE-GAN: its discriminator, and the gradients of its three players by hand."""

from __future__ import annotations

from functools import partial
from typing import Any

import keras
import numpy as np
import pytest
import vaekit
from autodiff import gradients
from keras import layers, ops
from parts import array, blueprint, tensor
from vaekit import distributions
from vaekit_adversarial.vae_gan import discriminator, vae_gan

GAMMA = 0.3
W = (0.8, 1.3, 0.6, -0.9)


@pytest.mark.parametrize(
    ("size", "halvings"), [(8, 1), (9, 1), (16, 2), (28, 2), (32, 3), (64, 4), (256, 4)]
)
def test_discriminator_is_as_deep_as_the_image_allows(size: int, halvings: int) -> None:
    network = discriminator((size, size + 4, 3), 5, width=2)
    convolutions = [layer for layer in network.layers if isinstance(layer, layers.Conv2D)]
    assert len(convolutions) == halvings
    assert network.outputs[1].shape == (None, 1)


def softplus(value: Any) -> Any:
    return np.log1p(np.exp(value))


def sigmoid(value: Any) -> Any:
    return 1 / (1 + np.exp(-value))


@pytest.mark.backend
def test_three_gradients_by_hand() -> None:
    """Scalars: x~ = a (e x + eps), x_p = a z_p, D's feature c x and its logit d c x."""
    e, a, c, d = (
        keras.Variable([[value]], name=name) for name, value in zip("eacd", W, strict=True)
    )
    x = np.array([[0.7], [0.2], [0.9]])
    noise, prior_noise = np.random.default_rng(0).normal(size=(2, 3, 1)) * 0.1

    class Prior(distributions.StandardNormal):
        def sample(self, seed: Any, lead: tuple[int, ...] = ()) -> Any:
            return tensor(prior_noise) if lead else tensor(prior_noise[0])

    loss = vae_gan(gamma=GAMMA)

    def terms() -> dict[str, Any]:
        z = ops.matmul(tensor(x), e) + tensor(noise)

        def decode(values: Any) -> Any:
            return ops.reshape(ops.matmul(values, a), (-1, 1, 1, 1))

        def judged(images: Any) -> list[Any]:
            features = ops.matmul(ops.reshape(images, (-1, 1)), c)
            return [features, ops.matmul(features, d)]

        kl = 0.5 * ops.square(z)
        draw = vaekit.Draw(z, None, Prior(1), kl)
        output = vaekit.VAEOutput(decode(z), None, z, draw=draw, decode=decode)
        return loss(
            tensor(x[:, :, None, None]), output._replace(networks={"discriminator": judged})
        )

    def total(player: str) -> Any:
        now = terms()
        return sum(w * ops.sum(now[name]) for name, w in loss.players[player].terms.items())

    E_, A, C, D = W
    z = x * E_ + noise
    rebuilt, imagined = A * z, A * prior_noise
    error = C * x - C * rebuilt
    got = {name: array(value) for name, value in terms().items()}
    np.testing.assert_allclose(got["feature_error"], 0.5 * error[:, 0] ** 2, rtol=1e-4)
    real, fake, made = D * C * x, D * C * rebuilt, D * C * imagined
    expected = softplus(-real) + softplus(fake) + softplus(made).mean()
    np.testing.assert_allclose(got["discrimination"], expected[:, 0], rtol=1e-5)

    # The encoder: KL and the error, through x~.
    by_hand = (z * x - error * C * A * x).sum()
    np.testing.assert_allclose(gradients(partial(total, "loss"), [e])[0].item(), by_hand, rtol=1e-4)
    # The decoder: gamma times the error, and what D takes for real.
    deceived = -sigmoid(-fake) * D * C * z - sigmoid(-made) * D * C * prior_noise
    by_hand = (-GAMMA * error * C * z + deceived).sum()
    got_a = gradients(partial(total, "decoder"), [a])[0].item()
    np.testing.assert_allclose(got_a, by_hand, rtol=1e-4)
    # The discriminator: real against both.
    slopes = -sigmoid(-real) * C * x + sigmoid(fake) * C * rebuilt + sigmoid(made) * C * imagined
    got_d = gradients(partial(total, "discriminator"), [d])[0].item()
    np.testing.assert_allclose(got_d, slopes.sum(), rtol=1e-4)


def test_the_players_move_all_parts_each_down_its_terms() -> None:
    players = vae_gan(gamma=GAMMA).players
    assert {name: player.moves for name, player in players.items()} == {
        "loss": ("encoder", "latent", "prior"),
        "decoder": ("decoder",),
        "discriminator": ("discriminator",),
    }
    assert players["decoder"].terms == {"feature_error": GAMMA, "deception": 1.0}


def test_what_has_no_prior_to_draw_from_is_refused() -> None:
    with pytest.raises(vaekit.BuildError, match="'vae-gan' needs a prior of type Distribution"):
        blueprint(latent="deterministic", loss="vae-gan").build()
