"""What can't be launched is refused before Ray is, and nothing is written."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

import vaekit
from tests.small_nets import SMALL_NETS
from tests.workers.processes import free_port
from vaekit.cli import main


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--batch-size", "32", "--workers", "3"], "can't be shared equally by 3 workers"),
        (["--ray-address", "127.0.0.1:{port}"], "Nothing answers at 127.0.0.1:{port}"),
        (["--ray-address", "ray://head:10001"], "HOST:PORT of a cluster's head"),
        (["--ray-address", "head"], "HOST:PORT, auto or local, not 'head'"),
        (["--workers", "0"], "--workers can't be 0"),
    ],
)
def test_bad_wishes(tmp_path: Path, options: list[str], message: str) -> None:
    port = str(free_port())
    given = [option.format(port=port) for option in options]
    result = CliRunner().invoke(
        main, ["train", "--workers", "2", *given, "--out", str(tmp_path / "run")]
    )
    assert result.exit_code == 2
    assert message.format(port=port) in result.output
    assert not (tmp_path / "run").exists()


def test_without_ray(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    result = CliRunner().invoke(main, ["train", "--workers", "2", "--out", str(tmp_path / "run")])
    assert result.exit_code == 2
    assert "pip install 'vaekit[ray]'" in result.output
    assert "torchrun" in result.output


def test_callbacks_stay_here(tmp_path: Path) -> None:
    with pytest.raises(vaekit.UserError, match="callbacks stay in the process"):
        vaekit.train(workers=2, callbacks=[object()], out=tmp_path / "run")


def test_parts_of_a_call_stay_here(tmp_path: Path) -> None:
    with pytest.raises(vaekit.UserError, match="was registered by a call"):
        vaekit.train(**SMALL_NETS, workers=2, out=tmp_path / "run")
