"""The PixelCNN over codes: what it may see, its probabilities, and what it learns."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
import vaekit
from keras import ops
from known_codes import encodings, space
from vaekit_samplers.autoregressive import autoregressive
from vaekit_samplers.pixel_cnn import PixelCNN

CODES, PLACES = 3, 4


def disturbed(classes: int = 2) -> PixelCNN:
    model = PixelCNN(CODES, (2, 2), classes, width=8, blocks=2)
    rng = np.random.default_rng(0)
    model.set_weights([w + rng.normal(scale=0.3, size=w.shape) for w in model.get_weights()])
    return model


@pytest.mark.backend
def test_a_place_sees_none_from_itself_on() -> None:
    """A code that is changed moves no logit up to its place, and every one after it."""
    model, label = disturbed(), np.zeros((1, 1), "int32")
    indices = np.array([[0, 1, 2, 1]], "int32")
    before = ops.convert_to_numpy(model.logits(indices, label))[0]
    for place in range(PLACES):
        other = indices.copy()
        other[0, place] = (other[0, place] + 1) % CODES
        after = ops.convert_to_numpy(model.logits(other, label))[0]
        moved = np.abs(after - before).max(axis=-1)
        assert (moved[: place + 1] == 0.0).all()
        assert (moved[place + 1 :] > 1e-4).all()


@pytest.mark.backend
def test_probabilities_of_all_sequences_sum_to_1() -> None:
    every = np.array(list(itertools.product(range(CODES), repeat=PLACES)), "int32")
    model = disturbed()
    for label in (0, 1):
        cost = model([every, np.full((len(every), 1), label, "int32")])
        total = np.exp(-ops.convert_to_numpy(cost).astype("float64")).sum()
        assert total == pytest.approx(1.0, abs=1e-5)


VECTORS = np.array([[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], "float32")


def chains(count: int, seed: int) -> np.ndarray:
    """Indices of a Markov chain: the next code with probability 0.9, else any of the three."""
    rng = np.random.default_rng(seed)
    indices = np.zeros((count, PLACES), "int64")
    indices[:, 0] = rng.integers(CODES, size=count)
    for place in range(1, PLACES):
        follows = rng.random(count) < 0.9
        indices[:, place] = np.where(
            follows, (indices[:, place - 1] + 1) % CODES, rng.integers(CODES, size=count)
        )
    return indices


def of_codes(**more: Any) -> vaekit.LatentSpace:
    """Maps of 2x2 codes, each of which stands for a vector."""
    lookup = {"looked_up": lambda codes: VECTORS[codes], "code_shape": (2, 2)}
    return space((2, 2, 2), support="codes", **lookup, **more)


def coded(codes: np.ndarray, labels: Any = None) -> vaekit.Encodings:
    """Encodings of codes `(N, 4)`."""
    codes = codes.reshape(-1, 2, 2).astype("uint8")
    return encodings(VECTORS[codes], labels)._replace(codes=codes)


def test_it_learns_a_known_chain_and_draws_it() -> None:
    made = autoregressive(of_codes(), width=16, blocks=1, epochs=25, rate=1e-2)
    made.fit(coded(chains(2048, 0)), 0)
    # Every code is one of the alphabet, and follows as often as in the chain: 0.9 + 0.1 / 3.
    z = made.sample(1500, 1)
    assert {tuple(row) for row in z.reshape(-1, 2)} == {tuple(row) for row in VECTORS}
    index = np.argmin(np.abs(z.reshape(-1, PLACES, 1, 2) - VECTORS).sum(-1), axis=-1)
    follows = np.mean((index[:, :-1] + 1) % CODES == index[:, 1:])
    assert follows == pytest.approx(0.933, abs=0.03)
    # Held-out codes: -log p is the chain's entropy, log 3 + 3 x 0.314 nats, and not 4 log 3.
    held_out = chains(2000, 5).astype("int32")
    inputs = [held_out, np.zeros((2000, 1), "int32")]
    cost = float(np.mean(ops.convert_to_numpy(made.model(inputs))))
    follow, other = 0.9 + 0.1 / 3, 0.1 / 3
    entropy = np.log(3) - 3 * (follow * np.log(follow) + 2 * other * np.log(other))
    assert cost == pytest.approx(entropy, abs=0.05)
    # What is colder is likelier to follow.
    cold = made.sample(500, 1, 0.3).reshape(-1, PLACES, 1, 2)
    index = np.argmin(np.abs(cold - VECTORS).sum(-1), axis=-1)
    assert np.mean((index[:, :-1] + 1) % CODES == index[:, 1:]) > 0.99


def test_it_goes_by_the_class() -> None:
    labels = np.arange(512) % 3
    made = autoregressive(of_codes(classes=3), width=16, blocks=1, epochs=30, rate=1e-2)
    made.fit(coded(labels.repeat(4), labels), 0)
    asked = np.array([2, 0, 1, 2], "int32")
    drawn = made.sample(4, 0, labels=asked)
    np.testing.assert_array_equal(drawn, VECTORS[asked.repeat(4).reshape(4, 2, 2)])


def test_too_large_an_alphabet_is_told() -> None:
    made = autoregressive(of_codes())
    codes = np.arange(8400).reshape(-1, 2, 2)
    points = np.zeros((*codes.shape, 2))
    with pytest.raises(vaekit.UserError, match="have 8,400 different codes, more than the 8,192"):
        made.fit(encodings(points)._replace(codes=codes), 0)


def test_levels_are_columns_beside_each_other() -> None:
    levels = np.random.default_rng(0).integers(3, size=(64, 2, 2, 2)).astype("uint8")
    lookup = {"looked_up": lambda codes: codes[..., :1].astype("float32"), "code_shape": (2, 2, 2)}
    made = autoregressive(space((2, 2, 1), support="codes", **lookup), width=4, blocks=1, epochs=1)
    made.fit(encodings(levels[..., :1])._replace(codes=levels), 0)
    assert made.model.logits(np.zeros((1, 8), "int32"), np.zeros((1, 1), "int32")).shape == (
        1,
        8,
        3,
    )
    assert made.sample(3, 0).shape == (3, 2, 2, 1)
