"""What can't be launched is refused before Ray is, and nothing is written."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
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


@pytest.fixture(params=["HTTP", "silence", "hanging up"])
def no_head(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of what takes connections and is no head."""
    monkeypatch.setattr("vaekit.launch.address._SECONDS", 1.0)
    if request.param == "HTTP":
        server = HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()
        server.server_close()
        return
    with socket.create_server(("127.0.0.1", 0)) as listening:
        if request.param == "hanging up":
            listening.settimeout(5)
            thread = threading.Thread(target=lambda: [listening.accept()[0].close() for _ in "12"])
            thread.start()
            yield f"127.0.0.1:{listening.getsockname()[1]}"
            thread.join()
        else:
            yield f"127.0.0.1:{listening.getsockname()[1]}"


def test_whoever_answers_is_asked_whether_it_is_a_head(no_head: str, tmp_path: Path) -> None:
    out = tmp_path / "run"
    job = ["train", "--workers", "2", "--ray-address", no_head, "--out", str(out)]
    result = CliRunner().invoke(main, job)
    assert result.exit_code == 2
    assert f"What answers at {no_head} is no head of a Ray cluster" in result.output
    assert not out.exists()


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
