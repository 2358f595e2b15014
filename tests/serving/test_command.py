"""`vaekit serve` as a process, and what it refuses to begin with."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from tests import small_nets
from tests.bad_input.refusals import refused, usage_refused
from tests.serving.asking import NPY, Client, npy
from vaekit.cli import main
from vaekit.errors import UserError
from vaekit.http_server import listen
from vaekit.serving.limits import Limits

IMAGES = np.random.default_rng(1).random((3, 8, 8, 1), "f4")
# Small nets are known to this process; to another, their file is a plugin.
PROGRAM = (
    f"import vaekit; vaekit.load_plugin({small_nets.__file__!r}); "
    "from vaekit.cli import main; main(prog_name='vaekit')"
)


@contextmanager
def process(run: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], Client]]:
    child = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "serve", str(run), *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A shell that runs tests in the background has children ignore it.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    assert child.stdout is not None
    assert child.stderr is not None
    try:
        url = re.search(r"http://127\.0\.0\.1:\d+/", child.stdout.readline())
        assert url, child.stderr.read()
        assert child.stdout.readline() == "Ctrl-C ends it.\n"
        yield child, Client(url.group())
    finally:
        child.kill()
        child.wait()


def ended_under_way(run, sent: signal.Signals) -> subprocess.Popen[str]:
    """A service that is ended while a request waits: the process, once it is over."""
    # The first request of a call waits for others to come, longer than the signal takes.
    options = ("--wait-ms", "2000", "--max-batch", "4", "--max-rows", "4")
    with process(run.path, *options) as (child, client), ThreadPoolExecutor(1) as pool:
        answer = pool.submit(client.post, "/encode", npy(IMAGES), accept=NPY)
        while client.get("/health").json["waiting_rows"] != 3:
            assert not answer.done()
        child.send_signal(sent)
        np.testing.assert_allclose(answer.result().array, run.encode(IMAGES).z_mean, atol=1e-5)
        child.stderr_text = child.communicate(timeout=60)[1]
    listener, _ = listen(port=client.place.port)
    listener.close()
    return child


def test_ctrl_c_ends_it_once_all_is_answered(plain):
    child = ended_under_way(plain.run, signal.SIGINT)
    assert child.returncode == 130
    assert child.stderr_text.endswith("vaekit: stopped.\n")
    assert "Traceback" not in child.stderr_text


@pytest.mark.slow
def test_sigterm_ends_it_once_all_is_answered(plain):
    child = ended_under_way(plain.run, signal.SIGTERM)
    assert child.returncode == -signal.SIGTERM
    assert "Traceback" not in child.stderr_text


def test_a_taken_port_is_refused_before_anything_is_read(tmp_path):
    listener, _ = listen()
    port = listener.getsockname()[1]
    with listener:
        refused(tmp_path, "serve", "nowhere", "--port", port, match=f"Port {port} .* is taken")


@pytest.mark.parametrize(
    ("host", "match"),
    [("0.0.0.0", "every address"), ("192.0.2.1", "no address of this machine")],
)
def test_other_hosts_are_refused(tmp_path, host, match):
    refused(tmp_path, "serve", "nowhere", "--host", host, match=match)


def test_what_other_machines_reach_is_refused(tmp_path, monkeypatch, plain):
    # What this machine has is 127.0.0.1 alone, for all that a test may know.
    monkeypatch.setattr("ipaddress.IPv4Address.is_loopback", property(lambda ip: False))
    refused(tmp_path, "serve", "nowhere", match="no users and no encryption")
    with pytest.raises(UserError, match="no encryption"):
        plain.run.serve()


@pytest.mark.parametrize(
    ("option", "value", "match"),
    [("--timeout", "nan", "--timeout is nan"), ("--max-rows", "512", "--max-batch 256")],
)
def test_limits_that_can_not_be_are_refused(tmp_path, option, value, match):
    refused(tmp_path, "serve", "nowhere", option, value, match=match)


def test_what_is_no_number_is_refused(tmp_path):
    usage_refused(tmp_path, "serve", "nowhere", "--queue", "0", match="--queue")


def test_what_is_no_run_is_refused(tmp_path):
    refused(tmp_path, "serve", tmp_path / "none", match="holds no run")


@pytest.mark.parametrize("missing", ["uvicorn", "prometheus_client"])
def test_without_the_extra_it_is_refused(tmp_path, monkeypatch, missing):
    monkeypatch.setitem(sys.modules, missing, None)
    match = rf"needs {missing}, which is not installed: pip install 'vaekit\[serve\]'"
    refused(tmp_path, "serve", "nowhere", match=match)


def test_the_help_has_the_limits_and_their_defaults():
    text = " ".join(CliRunner().invoke(main, ["serve", "--help"]).stdout.split())
    for name, default in Limits._field_defaults.items():
        option = f"--{name.replace('_', '-')} "
        assert f"[default: {default:g}]" in text.partition(option)[2][:150] or (
            f"[default: {default}]" in text.partition(option)[2][:150]
        ), name


def test_a_closed_service_frees_its_port(plain):
    service = plain.run.serve(max_batch=1, max_rows=1)
    place = Client(service.url).place
    assert Client(service.url).get("/health").status == 200
    service.close()
    service.close()  # nothing happens
    listener, _ = listen(port=place.port)
    listener.close()
