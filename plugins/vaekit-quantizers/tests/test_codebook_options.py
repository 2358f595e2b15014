"""Codebooks moved by the gradient, k-means, cosine similarity and the rotation trick."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from autodiff import gradients, jacobian
from keras import ops
from parts import array, tensor
from vaekit_quantizers.averages import AveragedCodebook
from vaekit_quantizers.codebook import Codebook
from vaekit_quantizers.gradients import rotation_trick
from vaekit_quantizers.kmeans import k_means
from vaekit_quantizers.learned import LearnedCodebook

BOOKS = pytest.mark.parametrize("book", [AveragedCodebook, LearnedCodebook])
RNG = np.random.default_rng


def seed() -> keras.random.SeedGenerator:
    return keras.random.SeedGenerator(1)


@pytest.mark.backend
@pytest.mark.parametrize("length", [0.3, 2.0])
def test_rotation_is_the_code_and_its_jacobian_scales_an_orthogonal_matrix(length: float) -> None:
    """J = |q|/|e| R with R'R = I, det R = 1 and R e/|e| = q/|q|, by autodiff."""
    e = RNG(0).normal(size=4)
    q = length * RNG(1).normal(size=4)
    np.testing.assert_allclose(array(rotation_trick(tensor(e), tensor(q))), q, rtol=1e-6)
    found = jacobian(lambda z: rotation_trick(z, tensor(q)), e)
    scale = np.linalg.norm(q) / np.linalg.norm(e)
    rotation = found / scale
    np.testing.assert_allclose(rotation.T @ rotation, np.eye(4), atol=1e-5)
    assert np.linalg.det(rotation) == pytest.approx(1.0, abs=1e-5)
    np.testing.assert_allclose(rotation @ e * scale, q, atol=1e-5)
    # Of what is at right angles to both, nothing turns.
    across = np.linalg.svd(np.stack([e, q]))[2][2:]
    np.testing.assert_allclose(rotation @ across.T, across.T, atol=1e-5)


def test_rotation_is_finite_where_directions_are_opposite_or_none() -> None:
    e = tensor([[1.0, 2.0], [0.0, 0.0], [1.0, 0.0]])
    q = tensor([[-1.0, -2.0], [1.0, 0.0], [0.0, 0.0]])
    np.testing.assert_allclose(array(rotation_trick(e, q)), array(q), atol=1e-6)
    turned = jacobian(lambda z: ops.reshape(rotation_trick(z[None], q[:1]), (-1,)), array(e[0]))
    np.testing.assert_allclose(turned @ array(e[0]), array(q[0]), atol=1e-5)


@pytest.mark.backend
def test_the_term_moves_codes_to_what_is_nearest_to_them() -> None:
    """d |sg(e) - q|^2 / dq = 2 (q - e), averaged over positions; e gets none of it."""
    book = LearnedCodebook(3, 2, 0.9)
    z = tensor(RNG(0).normal(size=(2, 4, 2)))

    def term() -> Any:
        return ops.sum(book.quantize(z, seed()).terms["codebook"])

    (found,) = gradients(term, [book.moved])
    vectors, flat = array(book.vectors), array(z).reshape(-1, 2)
    nearest = np.square(flat[:, None] - vectors).sum(-1).argmin(1)
    expected = [2 * (vectors[k] - flat[nearest == k]).sum(0) / 4 for k in range(3)]
    np.testing.assert_allclose(found, expected, atol=1e-5)

    def beside() -> Any:
        """Torch asks for some gradient: that of the codes' own sum, which is 1."""
        return ops.sum(book.quantize(z, seed()).terms["commitment"]) + ops.sum(book.moved)

    (one,) = gradients(beside, [book.moved])
    np.testing.assert_array_equal(one, 1.0)


def test_a_step_takes_the_codes_that_the_last_one_left() -> None:
    book = LearnedCodebook(3, 2, 0.9)
    before = array(book.vectors)
    book.moved.assign(ops.ones((3, 2)))
    z = tensor(RNG(0).normal(size=(2, 4, 2)))
    book.quantize(z, seed())
    np.testing.assert_array_equal(array(book.vectors), before)
    book.quantize(z, seed(), training=True)
    np.testing.assert_allclose(array(book.vectors), before + 1.0, rtol=1e-6)


@BOOKS
def test_dead_codes_begin_anew_in_the_data(book: type[Codebook]) -> None:
    made = book(4, 2, 0.5, restart=0.4)
    far = RNG(0).normal(size=(1, 8, 2)) + 20.0
    for _ in range(2):
        made.quantize(tensor(far), seed(), training=True)
    made.quantize(tensor(far), seed(), training=True)
    apart = np.abs(array(made.vectors)[:, None] - far[0]).sum(-1).min(1)
    # They began 40 away. What was nearest there isn't dead, and a gradient would bring it.
    assert (apart < 4.0).sum() >= 2
    assert (array(made.size) >= 0.4).all()


@pytest.mark.backend
def test_k_means_is_lloyds() -> None:
    vectors = np.concatenate([RNG(k).normal(scale=0.1, size=(5, 2)) + 4 * k for k in range(3)])
    start = vectors[[0, 1, 6]]
    means, counts = k_means(tensor(vectors), tensor(start), 10)
    expected = start
    for _ in range(10):
        nearest = np.square(vectors[:, None] - expected).sum(-1).argmin(1)
        hit = [vectors[nearest == k] for k in range(3)]
        expected = np.stack(
            [h.mean(0) if len(h) else m for h, m in zip(hit, expected, strict=True)]
        )
    np.testing.assert_allclose(array(means), expected, atol=1e-5)
    assert array(counts).sum() == 15


@pytest.mark.backend
@BOOKS
def test_the_first_training_batch_makes_the_codes_and_no_other(book: type[Codebook]) -> None:
    made = book(3, 2, 0.9, kmeans=5)
    clusters = np.array([[0.0, 9.0], [9.0, 0.0], [-9.0, 0.0]])
    z = np.repeat(clusters, 4, 0) + RNG(0).normal(scale=0.01, size=(12, 2))
    vectors = array(made.vectors)
    made.quantize(tensor(z[None]), seed())
    np.testing.assert_array_equal(array(made.vectors), vectors)
    generator = seed()
    first = made.quantize(tensor(z[None]), generator, training=True)
    errors = np.abs(array(first.z)[0] - z).max()
    started = array(made.vectors)
    again = made.quantize(tensor(z[None] + 1.0), generator, training=True)
    # Some start may be shared by two clusters; what it begins with is a mean of the data, then.
    means, _ = k_means(tensor(z), tensor(started), 1)
    np.testing.assert_allclose(array(means), started, atol=0.05)
    assert errors < 20.0
    moved = np.abs(array(made.vectors) - started).max()
    assert moved < 0.5  # the second batch doesn't begin it again
    assert np.isfinite(array(again.z)).all()


@pytest.mark.backend
@BOOKS
def test_cosine_is_of_unit_vectors(book: type[Codebook]) -> None:
    made = book(5, 3, 0.9, unit=True, restart=0.01)
    generator = seed()
    for _ in range(3):
        z = made.bounded(tensor(RNG(0).normal(size=(2, 6, 3))))
        out = made.quantize(z, generator, training=True)
    np.testing.assert_allclose(np.linalg.norm(array(made.vectors), axis=1), 1.0, rtol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(array(out.z), axis=-1), 1.0, rtol=1e-5)
    raw = RNG(3).normal(size=(1, 50, 3))
    index = array(made.quantize(made.bounded(tensor(raw)), generator).index)[0, :, 0]
    cosine = raw[0] @ array(made.vectors).T
    np.testing.assert_array_equal(index, cosine.argmax(1))
