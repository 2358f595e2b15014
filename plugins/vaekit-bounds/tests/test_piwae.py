"""PIWAE's two bounds, and who goes down which."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import vaekit
from parts import array, blueprint, moves_by_part, tensor
from scipy.special import logsumexp
from vaekit_bounds.piwae import piwae

PIXELS = (1, 1, 1)


def terms(groups: int, samples: int, log_ratio: np.ndarray) -> tuple[dict[str, Any], np.ndarray]:
    """The terms for one pixel of each of the images, and log w `(M K, B)` or `(B,)`."""
    rng = np.random.default_rng(0)
    x, logits = rng.random((log_ratio.shape[-1], *PIXELS)), rng.normal(size=log_ratio.shape)
    draw = vaekit.Draw(None, None, None, None, log_ratio=tensor(log_ratio))
    output = vaekit.VAEOutput(
        tensor(logits.reshape(*logits.shape, *PIXELS)), posterior=None, z=None, draw=draw
    )
    loss = piwae(groups=groups, samples=samples)
    assert loss.samples == groups * samples
    log_prob = x[:, 0, 0, 0] * logits - np.log1p(np.exp(logits))
    return {k: array(v) for k, v in loss(tensor(x), output).items()}, log_prob - log_ratio


@pytest.mark.backend
@pytest.mark.parametrize(("groups", "samples"), [(1, 1), (1, 5), (5, 1), (3, 4)])
def test_bounds_are_those_of_the_weights(groups: int, samples: int) -> None:
    shape = (7,) if groups * samples == 1 else (groups * samples, 7)
    got, log_w = terms(groups, samples, np.random.default_rng(1).normal(size=shape))
    log_w = log_w.reshape(groups, samples, 7)
    iwae = logsumexp(log_w, axis=(0, 1)) - np.log(groups * samples)
    miwae = (logsumexp(log_w, axis=1) - np.log(samples)).mean(0)
    np.testing.assert_allclose(got["negative_iwae"], -iwae, rtol=1e-5)
    np.testing.assert_allclose(got["negative_miwae"], -miwae, rtol=1e-5)
    assert (iwae >= miwae - 1e-6).all()


def test_one_group_of_one_is_the_elbo() -> None:
    got, log_w = terms(1, 1, np.random.default_rng(1).normal(size=(7,)))
    np.testing.assert_allclose(got["negative_iwae"], -log_w, rtol=1e-5)
    np.testing.assert_array_equal(got["negative_iwae"], got["negative_miwae"])


def test_each_player_moves_its_own_part_down_its_own_bound() -> None:
    """With one weight altered, the other player's weights go the same way as before."""
    config = {"loss": "piwae", "prior": "mixture", "prior_opt": {"components": 2}}
    # As many draws: the decoder's bound is the same one, the encoder's is another.
    one = moves_by_part(**config, loss_opt={"groups": 2, "samples": 3})
    other = moves_by_part(**config, loss_opt={"groups": 3, "samples": 2})
    for part in ("decoder", "prior"):
        np.testing.assert_allclose(one[part], other[part], atol=1e-6)
        assert np.abs(one[part]).max() > 0
    for part in ("encoder", "latent"):
        assert not np.allclose(one[part], other[part], atol=1e-5)


def test_what_has_no_density_is_refused() -> None:
    with pytest.raises(vaekit.BuildError, match="'piwae' needs the densities of z"):
        blueprint(latent="deterministic", loss="piwae").build()
