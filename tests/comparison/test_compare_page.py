"""The page of a comparison: what is on it, and what keeps something off it."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

import vaekit
from tests.made_up_runs import change_record, copied, with_seed
from vaekit.cli import main
from vaekit.comparison import pictures


def test_every_run_reconstructs_and_decodes(trained, tmp_path):
    page = vaekit.compare(trained).write_page(tmp_path / "compare.html").read_text()
    reconstructed, decoded = (
        page.split(f'<div id="{name}">')[1].split("</div>")[0]
        for name in ("reconstructed", "decoded")
    )
    assert reconstructed.count("<img") == 1 + 3
    assert decoded.count("<img") == 3
    assert "Not ranked by elbo" in page


def test_without_images_no_model_is_loaded(trained, tmp_path, monkeypatch):
    monkeypatch.setattr(pictures, "read_run", lambda path: pytest.fail(f"{path} is loaded"))
    out = tmp_path / "compare.html"
    done = CliRunner().invoke(main, ["compare", str(trained), "--out", str(out), "--no-images"])
    assert done.exit_code == 0, done.output
    assert str(out) in done.stdout
    assert '<img class="tile"' not in out.read_text()


def test_what_a_run_cannot_show_is_said(trained, tmp_path):
    run = trained / "elbo"
    copied(run, tmp_path / "runs" / "a")
    copied(run, tmp_path / "runs" / "b", with_seed(1))
    copied(run, tmp_path / "runs" / "c", lambda record: record["data"].update(fingerprint="0"))
    copied(run, tmp_path / "runs" / "d", lambda record: record["config"].update(latent_dim=3))
    page = vaekit.compare(tmp_path / "runs").write_page(tmp_path / "p.html").read_text()
    assert "c reconstructs no images here" in page
    assert "d can&#39;t be loaded" in page
    assert 'alt="b"' in page


def test_images_that_are_gone_leave_the_rest(trained, tmp_path):
    for seed in range(2):
        copied(trained / "elbo", tmp_path / f"{seed}", with_seed(seed))
        change_record(
            tmp_path / f"{seed}", lambda record: record["data"].update(reread=None, part=None)
        )
    page = vaekit.compare(tmp_path).write_page(tmp_path / "p.html").read_text()
    assert "0 shows no images" in page
    assert 'id="curves"' in page
