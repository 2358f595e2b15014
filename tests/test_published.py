"""The table of published figures, and what counts as reproduced."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from vaekit.config import TrainConfig

sys.path.insert(0, str(Path(__file__).parent.parent))
from benchmarks.published.rows import read_rows


@pytest.mark.parametrize("row", read_rows().values(), ids=lambda row: row.name)
def test_a_row_asks_for_what_there_is(row):
    config = TrainConfig.checked(dict(row.train))
    assert config.latent_dim > 1
    assert row.tolerance > 0
    assert all(rate > 0 for _, rate in row.rates)


def test_a_row_like_another_differs_in_what_it_says():
    rows = read_rows()
    one, five = rows["vae-k1"], rows["iwae-k5"]
    assert five.train == {**one.train, "loss": "iwae", "loss_opt": {"samples": 5}}
    assert (five.rates, five.metric_options) == (one.rates, one.metric_options)
    assert five.figure == 85.54


def test_the_schedule_of_burda_et_al():
    row = read_rows()["vae-k1"]
    assert row.epochs == sum(3**i for i in range(8)) == 3280
    for stage, (epochs, rate) in enumerate(row.rates):
        assert epochs == 3**stage
        assert rate == pytest.approx(1e-3 * 10 ** (-stage / 7), rel=1e-3)


def test_a_share_keeps_the_schedules_shape():
    row = read_rows()["vae-400"]
    assert row.stages(1.0) == [*row.rates]
    assert row.stages(0.02) == [(4, 1e-3), (3, 6.31e-4), (3, 3.98e-4)]
    assert row.stages(1e-6) == [(1, 1e-3)]


def test_only_a_whole_run_within_the_tolerance_is_reproduced():
    row = read_rows()["vae-400"]
    assert row.reproduced(row.figure + row.tolerance, 1.0)
    assert not row.reproduced(row.figure - 1.01 * row.tolerance, 1.0)
    assert not row.reproduced(row.figure, 0.99)
