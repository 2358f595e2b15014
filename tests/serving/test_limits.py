"""What a service bears: floods, slow clients, clients that take nothing; each in its bounds."""

from __future__ import annotations

import json
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import numpy as np
import psutil
import pytest

from tests.serving.asking import Client, npy
from vaekit.errors import OptionError
from vaekit.http_server import paced, protocol
from vaekit.serving.run_model import RunModel

ONE = np.full((1, 8, 8, 1), 0.5, "f4")
LARGEST = bytes(2**18)


@pytest.fixture
def held(monkeypatch):
    """A model that waits until the test lets it go on."""
    go_on = threading.Event()
    encode = RunModel.encode
    monkeypatch.setattr(RunModel, "encode", lambda *a: go_on.wait(30) and encode(*a))
    yield go_on
    go_on.set()


def test_a_full_queue_is_answered_503(plain, held):
    sixteen = npy(np.repeat(ONE, 16, axis=0))
    with ThreadPoolExecutor(12) as pool:
        asked = [pool.submit(plain.client.post, "/encode", sixteen) for _ in range(12)]
        # All that are refused while the model does nothing: once it does, whoever comes has room.
        wait_for(7, asked)
        held.set()
        answers = [each.result() for each in asked]
    refused = [answer for answer in answers if answer.status != 200]
    # At most one call is under way, and 64 rows wait.
    assert 12 - len(refused) in (4, 5)
    for answer in refused:
        assert "waiting" in answer.refused(503)
        assert answer.headers["retry-after"] == "1"


def wait_for(count, futures):
    """Wait until so many of them are answered, while the model does nothing."""
    for _ in range(300):
        if sum(each.done() for each in futures) >= count:
            return
        time.sleep(0.1)
    raise AssertionError("Too few were refused.")


def test_who_waits_too_long_is_answered_504(plain, held, monkeypatch):
    monkeypatch.setattr(plain.service.answers.queue, "_seconds", 0.1)
    assert "too long" in plain.client.post("/encode", npy(ONE)).refused(504)


def test_a_slow_body_is_given_up(plain):
    with plain.client.connect() as slow:
        slow.sendall(head(plain.client, "Content-Length: 1000"))
        slow.sendall(b"1")
        assert b"408" in slow.recv(1000)
    assert plain.client.post("/encode", npy(ONE)).status == 200


def test_a_body_in_chunks_has_the_same_limit(plain):
    def endless():
        for _ in range(10):
            yield bytes(2**16)

    assert "262144" in plain.client.post("/encode", endless()).refused(413)


@pytest.mark.parametrize(
    "sent",
    [
        b"\0\xff" * 1000,
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /" + b"x" * 2**17,
        b"POST /encode HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST /encode HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"POST /encode HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: nonsense\r\n\r\n",
        b"",
    ],
)
def test_who_sends_no_http_disturbs_nobody(plain, sent):
    with plain.client.connect() as connection:
        answer = b""
        with suppress(OSError):  # it may be cut off before all is sent
            connection.sendall(sent)
            connection.shutdown(socket.SHUT_WR)
            answer = connection.recv(1000)
    assert not answer or answer.split()[1] in (b"400", b"403", b"501"), answer
    assert plain.client.get("/health").status == 200


def test_who_asks_nothing_is_cut_off(plain, monkeypatch):
    monkeypatch.setattr(protocol, "SECONDS", 0.2)
    with plain.client.connect() as silent:
        assert cut_off(silent)
    with plain.client.connect() as half:
        half.sendall(b"GET /health HTTP/1.1\r\nHost:")
        assert cut_off(half)


def test_who_takes_nothing_is_cut_off(plain, monkeypatch):
    monkeypatch.setattr(protocol, "SECONDS", 0.2)
    monkeypatch.setattr(paced, "SECONDS", 0.2)
    monkeypatch.setattr(RunModel, "decode", lambda *a: {"images": np.zeros((1, 8, 8, 2**18), "f4")})
    with socket.socket() as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.connect((plain.client.place.hostname, plain.client.place.port))
        body = b'{"z": [[0, 0]]}'
        deaf.sendall(head(plain.client, f"Content-Length: {len(body)}", "/decode") + body)
        time.sleep(1.5)
        taken = 0
        try:
            while part := deaf.recv(2**20):
                taken += len(part)
        except ConnectionError:
            pass
    assert taken < 2**24  # of 64 MiB
    assert plain.client.get("/health").json["held_bytes"] == 0


def cut_off(connection: socket.socket) -> bool:
    try:
        return connection.recv(1000) == b""
    except ConnectionError:
        return True


def head(client: Client, *headers: str) -> bytes:
    path = next((h for h in headers if h.startswith("/")), "/encode")
    lines = [f"POST {path} HTTP/1.1", f"Host: {client.place.netloc}"]
    lines += [h for h in headers if not h.startswith("/")]
    return "\r\n".join([*lines, "", ""]).encode()


def test_a_flood_of_the_largest_bodies_takes_no_more_memory_than_is_given(plain):
    """Some never come whole. What this process holds of them is bounded, and given back."""
    before = psutil.Process().memory_info().rss
    most = peak = 0

    def watch() -> None:
        nonlocal most, peak
        while not done.is_set():
            peak = max(peak, psutil.Process().memory_info().rss)
            most = max(most, plain.client.get("/health").json["held_bytes"])

    done = threading.Event()
    watcher = threading.Thread(target=watch)
    watcher.start()
    slow = [plain.client.connect() for _ in range(20)]
    for each in slow:
        each.sendall(head(plain.client, f"Content-Length: {len(LARGEST)}") + b"1")
    with ThreadPoolExecutor(32) as pool:
        answers = [*pool.map(lambda _: plain.client.post("/encode", LARGEST), range(200))]
    for each in slow:
        each.close()
    done.set()
    watcher.join()
    assert {answer.status for answer in answers} == {400}
    assert 20 * len(LARGEST) <= most <= plain.service.limits.memory
    assert peak - before < 200 * 2**20
    for _ in range(100):
        if plain.client.get("/health").json["held_bytes"] == 0:
            break
        time.sleep(0.1)
    else:
        raise AssertionError("What was held isn't given back.")


def test_over_the_memory_who_asks_is_told_to_come_again(plain, monkeypatch):
    monkeypatch.setattr(plain.service.answers.budget, "most", 1000)
    answer = plain.client.post("/encode", npy(ONE))
    assert "at this time" in answer.refused(503)
    assert answer.headers["retry-after"] == "1"
    monkeypatch.undo()
    assert plain.client.post("/encode", npy(ONE)).status == 200


def test_over_the_connections_who_asks_is_told_to_come_again(plain, monkeypatch):
    monkeypatch.setattr(plain.service.paced, "most", 0)
    answer = plain.client.post("/encode", npy(ONE))
    assert "under way" in answer.refused(503)
    assert answer.headers["retry-after"] == "1"


def test_a_model_that_fails_is_an_answer(plain, monkeypatch, caplog):
    def broken(*_):
        raise RuntimeError("the secret of the model")

    with monkeypatch.context() as patch:
        patch.setattr(RunModel, "encode", broken)
        assert "terminal" in plain.client.post("/encode", npy(ONE)).refused(500)
    assert "the secret of the model" in caplog.text
    assert plain.client.post("/encode", npy(ONE)).status == 200


def test_an_answer_too_long_for_json_is_refused(plain, monkeypatch):
    monkeypatch.setattr("vaekit.serving.answers.JSON_NUMBERS", 100)
    asked = json.dumps({"z": [[0, 0]] * 2})
    answer = plain.client.post("/decode", asked, accept="application/json")
    assert "128 numbers" in answer.refused(406)


@pytest.mark.parametrize(
    ("limits", "sentence"),
    [
        ({"max_row": 3}, "Did you mean 'max_rows'"),
        ({"max_rows": 0}, "more than 0"),
        ({"max_rows": 1.5}, "whole number"),
        ({"timeout": float("nan")}, "more than 0"),
        ({"timeout": "long"}, "a number"),
        ({"max_rows": 300}, "max_batch=256"),
        ({"queue": 8}, "max_rows=256"),
        ({"memory": 1000}, "one request may hold"),
    ],
)
def test_limits_that_can_not_be(plain, limits, sentence):
    with pytest.raises(OptionError, match=sentence):
        plain.run.serve(**limits)
