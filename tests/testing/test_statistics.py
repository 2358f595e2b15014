"""What samples, densities and draws say of each other: right of sound laws, and sharp enough."""

from __future__ import annotations

import math

import numpy as np
import pytest

from vaekit.testing.laws import (
    SPACES,
    require_density_of_draws,
    require_same_law,
    require_unit_integral,
)

RNG = np.random.default_rng(0)


def normal(z):
    return -0.5 * (z**2 + math.log(2 * math.pi)).sum(axis=-1)


def laplace(z):
    return -(np.abs(z) + math.log(2)).sum(axis=-1)


def two_apart(z):
    """An even mixture of N(-8, I) and N(8, I)."""
    return np.logaddexp(normal(z - 8), normal(z + 8)) - math.log(2)


def fisher(z):
    """Von Mises and Fisher's law of kappa 3 in three dimensions, around (0, 0, 1)."""
    return 3 * z[:, 2] + math.log(3 / (4 * math.pi * math.sinh(3)))


def fisher_draws(count):
    height = 1 + np.log(1 - RNG.random(count) * (1 - math.exp(-6))) / 3
    angle = RNG.random(count) * 2 * math.pi
    wide = np.sqrt(1 - height**2)
    return np.stack([wide * np.cos(angle), wide * np.sin(angle), height], axis=-1)


def circle(z):
    return np.full(len(z), -math.log(2 * math.pi))


def circle_draws(count):
    angle = RNG.random(count) * 2 * math.pi
    return np.stack([np.cos(angle), np.sin(angle)], axis=-1)


def normals(*shape):
    return RNG.standard_normal(shape)


LAWS = [
    ("real", normal, normals(40_000, 1)),
    ("real", normal, normals(40_000, 2)),
    ("real", laplace, RNG.laplace(size=(40_000, 2))),
    ("real", two_apart, normals(40_000, 1) + RNG.choice((-8, 8), (40_000, 1))),
    ("sphere", circle, circle_draws(40_000)),
    ("sphere", fisher, fisher_draws(40_000)),
]


@pytest.mark.parametrize(("support", "log_prob", "draws"), LAWS)
def test_a_density_is_right_of_its_draws_and_a_tenth_more_is_not(support, log_prob, draws):
    space = SPACES[support]
    require_unit_integral(space, log_prob, draws[:1000])
    require_density_of_draws(space, draws, log_prob(draws), "Draws")
    with pytest.raises(AssertionError, match=r"integrates to 1\.1"):
        require_unit_integral(space, lambda z: log_prob(z) + math.log(1.1), draws[:1000])
    with pytest.raises(AssertionError, match="aren't as dense"):
        require_density_of_draws(space, draws, log_prob(draws) + math.log(1.1), "Draws")


def test_a_density_of_the_right_integral_and_the_wrong_width_is_told():
    draws = 1.3 * normals(40_000, 2)
    require_unit_integral(SPACES["real"], normal, draws)
    with pytest.raises(AssertionError, match="aren't as dense"):
        require_density_of_draws(SPACES["real"], draws, normal(draws), "Draws")


def test_samples_of_one_law_are_alike_and_of_another_not():
    one = normals(4000, 3)
    for _ in range(50):
        require_same_law(one, normals(4000, 3), "They differ")
    for other in (
        normals(4000, 3) + 0.2,
        1.3 * normals(4000, 3),
        np.sign(normals(4000, 3)),
        normals(4000, 1) * np.ones(3),  # each axis is right, and they hang together
    ):
        with pytest.raises(AssertionError, match="They differ: their distributions are"):
            require_same_law(one, other, "They differ")


def test_atoms_that_differ_by_rounding_are_alike():
    atoms = np.full((500, 2), 0.7)
    require_same_law(atoms, atoms * (1 + 1e-6), "They differ")
    with pytest.raises(AssertionError, match="They differ"):
        require_same_law(atoms, atoms + 0.1, "They differ")
