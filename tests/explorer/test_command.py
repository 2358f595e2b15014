"""`vaekit explore` as a process, over sockets of 127.0.0.1; `Run.explore` beside this thread."""

from __future__ import annotations

import http.client
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import numpy as np
import pytest
from click.testing import CliRunner

import vaekit
from tests.bad_input.refusals import refused
from tests.explorer.conftest import Served, floats
from tests.held_runs import held_elsewhere
from vaekit.cli import main
from vaekit.errors import UserError, VaekitWarning
from vaekit.explorer import listen_secretly
from vaekit.http_server import listen

Z = np.random.default_rng(1).normal(size=(200, 2)).astype("f4")


class Process(NamedTuple):
    process: subprocess.Popen[str]
    url: str
    run: vaekit.Run

    @property
    def port(self) -> int:
        return urlsplit(self.url).port or 0

    def ask(self, method: str, path: str, body: bytes = b"") -> tuple[int, bytes]:
        """What is answered to a path as it is, under the token."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request(method, urlsplit(self.url).path + path, body)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer.status, content


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    """A served run of the kit's own nets, which another process has as well."""
    folder = tmp_path_factory.mktemp("process")
    run = vaekit.train(
        encoder_opt={"width": 2},
        decoder_opt={"width": 2},
        data="digits",
        limit=32,
        epochs=1,
        figures=False,
        report=False,
        progress=False,
        out=str(folder / "run"),
    )
    command = [sys.executable, "-m", "vaekit", "explore", "run"]
    child = subprocess.Popen(
        command,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A shell that runs tests in the background has children ignore it.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    assert child.stdout is not None
    assert child.stderr is not None
    url = re.search(r"http://127\.0\.0\.1:\d+/[\w-]{43}/", child.stdout.readline())
    assert url, child.stderr.read()
    assert child.stdout.readline() == "Ctrl-C ends it.\n"
    yield Process(child, url.group(), run)
    child.kill()
    child.wait()


def test_the_page_is_the_report_by_the_runs_own_model(process):
    status, page = process.ask("GET", "")
    assert status == 200
    assert b'id="map"' in page
    assert b"connect-src 'self'" in page
    assert process.ask("GET", "../run.json")[0] == 404
    assert process.ask("GET", "%2e%2e/run.json")[0] == 404


def test_200_clients_at_the_same_time(process):
    with ThreadPoolExecutor(200) as pool:
        answers = list(pool.map(lambda z: process.ask("POST", "decode", floats(z)), Z))
    assert {status for status, _ in answers} == {200}
    images = [np.frombuffer(content, "<f4") for _, content in answers]
    decoded = process.run.decode(Z).reshape(200, -1)
    np.testing.assert_allclose(np.stack(images), decoded, atol=1e-5)


def test_who_sends_no_http_disturbs_nobody(process):
    for sent in (b"\0\xff" * 1000, b"GET / HTTP/9.9\r\n\r\n", b"GET /" + b"x" * 2**17, b""):
        with socket.create_connection(("127.0.0.1", process.port)) as connection:
            connection.sendall(sent)
    half = socket.create_connection(("127.0.0.1", process.port))
    half.sendall(b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\n1")
    assert process.ask("POST", "decode", floats(Z[0]))[0] == 200
    half.close()


def test_ctrl_c_ends_it_and_frees_the_port(process, tmp_path):
    with socket.create_connection(("127.0.0.1", process.port)):  # which stays open
        process.process.send_signal(signal.SIGINT)
        _, stderr = process.process.communicate(timeout=60)
    assert process.process.returncode == 130
    assert stderr == "vaekit: stopped.\n"
    listener, _ = listen(port=process.port)
    listener.close()


def test_a_taken_port_is_refused_before_anything_is_read(tmp_path):
    listener, _ = listen()
    port = listener.getsockname()[1]
    with listener:
        refused(tmp_path, "explore", "nowhere", "--port", port, match=f"Port {port} .* is taken")


@pytest.mark.parametrize(
    ("host", "match"),
    [
        ("0.0.0.0", "every address"),
        ("::", "every address"),
        ("192.0.2.1", "no address of this machine"),
        ("no such host", "no address of this machine"),
        ("a" * 300, "no address of this machine"),
    ],
)
def test_other_hosts_are_refused(tmp_path, host, match):
    refused(tmp_path, "explore", "nowhere", "--host", host, match=match)


def test_what_others_reach_is_said_loudly(monkeypatch):
    # What this machine has is 127.0.0.1 alone, for all that a test may know.
    monkeypatch.setattr("ipaddress.IPv4Address.is_loopback", property(lambda ip: False))
    with pytest.warns(VaekitWarning, match="other machines"):
        listener, address = listen_secretly("127.0.0.1")
    listener.close()
    assert {name.rpartition(":")[0] for name in address.server.names} == {"127.0.0.1"}


def test_the_other_loopback_interface(monkeypatch):
    try:
        listener, address = listen("::1")
    except UserError:
        pytest.skip("This machine has no IPv6.")
    listener.close()
    assert address.url.startswith("http://[::1]:")
    assert {name.rpartition(":")[0] for name in address.names} == {"[::1]", "localhost"}


def test_a_run_that_is_written_is_refused(digits: Served, tmp_path):
    copy = shutil.copytree(digits.run.path, tmp_path / "run")
    with held_elsewhere(copy):
        refused(tmp_path, "explore", copy, match="Another process is writing")


def test_without_the_extra_it_is_refused(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    refused(
        tmp_path,
        *("explore", "nowhere"),
        match=r"needs uvicorn, which is not installed: pip install 'vaekit\[explore\]'",
    )


def test_what_is_no_run_is_refused(tmp_path):
    refused(tmp_path, "explore", tmp_path / "none", match="holds no run")


def test_it_opens_a_browser(digits: Served, monkeypatch):
    opened = threading.Event()
    urls = []

    def open_page(url: str) -> bool:
        urls.append(url)
        opened.set()
        return False

    monkeypatch.setattr("webbrowser.open", open_page)
    monkeypatch.setattr("vaekit.explorer.explorer.Explorer.serve", lambda self: opened.wait(10))
    result = CliRunner().invoke(main, ["explore", str(digits.run.path), "--open"])
    assert result.exit_code == 0, result.stderr
    assert urls[0] in result.stdout


def test_in_a_notebook_it_is_served_beside_the_cell(digits: Served):
    explorer = digits.run.explore()
    place = urlsplit(explorer.url)
    connection = http.client.HTTPConnection("127.0.0.1", place.port, timeout=60)
    connection.request("POST", f"{place.path}decode", floats(Z[:3]))
    images = np.frombuffer(connection.getresponse().read(), "<f4").reshape(3, 8, 8, 1)
    np.testing.assert_allclose(images, digits.run.decode(Z[:3]), atol=1e-5)
    assert explorer.url in explorer._repr_html_()
    assert "<iframe" in explorer._repr_html_()
    explorer.close()
    explorer.close()  # nothing happens
    assert "vaekit-explorer" not in {thread.name for thread in threading.enumerate()}
    listener, _ = listen(port=place.port)
    listener.close()


def test_a_page_that_can_not_be_made_frees_the_port(digits: Served, tmp_path: Path):
    with pytest.raises(UserError):
        digits.run.explore(tmp_path / "none")
