"""Tables by which a page turns codes into z."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from vaekit.report import code_tables as tables
from vaekit.report.code_tables import code_tables

SIZES, CHANNELS = (5, 3), 4
BOOKS = [np.random.default_rng(size).normal(size=(size, CHANNELS)) for size in SIZES]


def model_of(looked_up, sizes=SIZES):
    """A model whose z is a map of 2 x 3 places, two numbers at each."""
    latent = SimpleNamespace(code_sizes=sizes, looked_up=looked_up)
    return SimpleNamespace(
        latent=latent,
        code_shape=(2, 3, len(SIZES)),
        latent_shape=(2, 3, CHANNELS),
        latent_dim=6 * CHANNELS,
    )


def summed(codes):
    return 1.0 + BOOKS[0][codes[..., 0]] + BOOKS[1][codes[..., 1]]


def test_z_of_a_place_is_the_sum_of_rows():
    made = code_tables(model_of(summed))
    codes = np.random.default_rng(1).integers(0, SIZES, (7, 2, 3, 2))
    rows = made.rows[codes[..., 0]] + made.rows[SIZES[0] + codes[..., 1]]
    np.testing.assert_allclose(made.base + rows, summed(codes), rtol=1e-6)


def test_a_product_is_no_sum():
    product = model_of(lambda codes: BOOKS[0][codes[..., 0]] * BOOKS[1][codes[..., 1]])
    assert code_tables(product) is None


def test_what_differs_by_place_has_no_one_table():
    place = np.arange(6).reshape(2, 3, 1)
    assert code_tables(model_of(lambda codes: summed(codes) * place)) is None


def test_tables_too_large_for_a_page_are_left_out(monkeypatch):
    monkeypatch.setattr(tables, "_MOST", 31)
    assert code_tables(model_of(summed)) is None


def test_codes_of_no_declared_size_have_none():
    assert code_tables(model_of(summed, ())) is None
