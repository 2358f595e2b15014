"""The flow: its likelihood against that of the law which codes were drawn from."""

from __future__ import annotations

import numpy as np
import pytest
from known_codes import KnownMixture, encodings, normal_log_prob, space
from vaekit_samplers.maf import FlowSampler

KNOWN = KnownMixture()
pytestmark = [pytest.mark.backend, pytest.mark.slow]


def test_it_recovers_a_known_mixture_better_than_a_normal() -> None:
    train, held_out = KNOWN.draw(4096, 0), KNOWN.draw(4096, 1)
    made = FlowSampler(space(), steps=4, units=24, epochs=40, rate=1e-2)
    made.fit(encodings(train), 0)
    truth = KNOWN.log_prob(held_out).mean()
    one = normal_log_prob(held_out, train.mean(0), np.cov(train.T)).mean()
    own = made.log_prob(held_out.astype("float32")).mean()
    print(f"MAF: truth {truth:.3f}, flow {own:.3f}, one normal {one:.3f}")
    assert truth - one > 0.5
    assert truth - own < 0.3 * (truth - one)
    # Its draws are as likely under the mixture as its own likelihood says.
    drawn = made.sample(4096, 3)
    assert KNOWN.log_prob(drawn).mean() > one
    cold = made.sample(4096, 3, 0.5)
    assert cold.std() < drawn.std()


def test_its_density_integrates_to_1() -> None:
    made = FlowSampler(space(), steps=2, units=8, epochs=2, rate=1e-2)
    made.fit(encodings(KNOWN.draw(512, 0)), 0)
    side = np.linspace(-12.0, 12.0, 241)
    grid = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2).astype("float32")
    total = np.exp(made.log_prob(grid).astype("float64")).sum() * (side[1] - side[0]) ** 2
    assert total == pytest.approx(1.0, abs=0.01)
