"""The table of published figures, and what counts as reproduced."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from vaekit.cli import main
from vaekit.config import TrainConfig
from vaekit.errors import RunError, UserError
from vaekit.proof.extent import Extent
from vaekit.proof.published import claims
from vaekit.proof.published.repeat import repeat
from vaekit.proof.published.rows import chosen_rows, read_rows

ROOT = Path(__file__).parent.parent


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
    assert row.stages(0.02) == [(4, 1e-4), (3, 6.31e-5), (3, 3.98e-5)]
    assert row.stages(1e-6) == [(1, 1e-4)]


def test_only_a_whole_run_within_the_tolerance_is_reproduced():
    row = read_rows()["vae-400"]
    assert row.reproduced(row.figure + row.tolerance, 1.0)
    assert not row.reproduced(row.figure - 1.01 * row.tolerance, 1.0)
    assert not row.reproduced(row.figure, 0.99)


def test_a_claim_holds_what_training_gave_against_the_published_figure(monkeypatch, tmp_path):
    (row,) = (row for row in read_rows().values() if row.name == "vae-400")
    monkeypatch.setattr(claims, "chosen_rows", lambda names: [read_rows()[n] for n in names])
    asked = {}

    def repeat(row, source, folder, *, progress):
        asked.update(source=source, folder=folder)
        return Arrived(f"{row.figure + 2:g} nats", reproduced=False)

    monkeypatch.setattr(claims, "repeat", repeat)
    (claim,) = claims.claims_of_published(("vae-400",), None, tmp_path)
    comparison = claim.compare()
    assert (comparison.expected, comparison.got) == ("89.9 nats", "91.9 nats")
    assert not comparison.passed
    assert asked == {"source": "mnist", "folder": tmp_path / "vae-400"}
    assert row.paper in claim.what


def test_a_training_that_was_stopped_gives_no_figure(monkeypatch, tmp_path):
    stopped = SimpleNamespace(record=SimpleNamespace(status="interrupted"))
    monkeypatch.setattr("vaekit.api.train", lambda **options: stopped)
    row = read_rows()["svae-10"]
    with pytest.raises(RunError, match="The training of svae-10 was stopped"):
        repeat(row, "digits", tmp_path)


class Arrived:
    def __init__(self, figure, *, reproduced):
        self.figure, self.reproduced = figure, reproduced


def test_the_certificate_says_that_papers_are_left_out():
    assert any("papers" in text for text in Extent().left_out)
    assert not any("papers" in text for text in Extent(published=("vae-400",)).left_out)


def test_a_row_that_there_isnt_is_refused(tmp_path):
    result = CliRunner().invoke(
        main, ["prove", "--published", "vae-40", "--out", str(tmp_path / "proof")]
    )
    assert result.exit_code == 2
    assert "Did you mean 'vae-400'?" in result.output
    assert not (tmp_path / "proof").exists()


def test_a_row_says_what_it_needs(monkeypatch):
    rows = {"own": read_rows()["vae-400"]._replace(name="own", needs=("vaekit-of-nobody",))}
    monkeypatch.setattr("vaekit.proof.published.rows.read_rows", lambda: rows)
    with pytest.raises(UserError, match="needs vaekit-of-nobody"):
        chosen_rows(["own"])


def test_what_was_repeated_is_of_its_row_as_it_stands():
    """README counts those that came out within their tolerance."""
    files = sorted((ROOT / "benchmarks/results/published").glob("*.json"))
    results = [json.loads(file.read_text("utf-8")) for file in files]
    for result in results:
        row = read_rows()[result["row"]]
        assert (result["protocol"], result["published"]) == (row.protocol, row.figure)
        came_out = row.reproduced(result["estimate"]["value"], result["share"])
        assert result["reproduced"] == came_out
    count = sum(result["reproduced"] for result in results)
    assert f"| published results repeated | {count} |" in (ROOT / "README.md").read_text("utf-8")
