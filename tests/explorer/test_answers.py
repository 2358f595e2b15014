"""What the model makes of requests, and what is said of those that it can make nothing of."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import numpy as np
import pytest

import vaekit
from tests.explorer.asking import Answer, Request, answers
from tests.explorer.conftest import ADDRESS, HOST, Served, floats
from vaekit.http_server import bodies, model_queue
from vaekit.http_server.busy import BusyError

pytestmark = pytest.mark.backend

Z = np.random.default_rng(1).normal(size=(200, 2)).astype("f4")


def images(content: bytes, shape: tuple[int, ...]) -> np.ndarray:
    return np.frombuffer(content, "<f4").reshape(-1, *shape)


@pytest.mark.parametrize("count", [1, 2, 5, 200])
def test_latents_are_decoded_by_the_run(digits, count):
    decoded = images(digits.post("decode", floats(Z[:count])), (8, 8, 1))
    np.testing.assert_allclose(decoded, digits.run.decode(Z[:count]), atol=1e-5)


def test_an_image_is_encoded_by_the_run(digits):
    image = np.linspace(0, 1, 64, dtype="f4").reshape(1, 8, 8, 1)
    z = np.frombuffer(digits.post("encode", floats(image)), "<f4")
    np.testing.assert_allclose(z, digits.run.latents(image)[0], atol=1e-5)


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"", "0 bytes are no latents: each is 2 float32, 8 bytes."),
        (b"1", "1 bytes are no latents"),
        (floats([1, 2, 3]), "12 bytes are no latents"),
        (floats([np.nan, 0]), "NaN or infinity"),
        (floats([0, np.inf]), "NaN or infinity"),
        (floats([0, -np.inf]), "NaN or infinity"),
    ],
)
def test_bad_latents_get_a_sentence(digits, body, sentence):
    assert sentence in digits.refused("decode", body)


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"", "0 bytes are no image: 8x8x1 float32 are 256 bytes."),
        (floats(np.zeros(63)), "252 bytes are no image"),
        (floats(np.full(64, np.nan)), "NaN or infinity"),
        (floats(np.full(64, 1.5)), "beyond 0 to 1"),
        (floats(np.full(64, -1)), "beyond 0 to 1"),
    ],
)
def test_bad_images_get_a_sentence(digits, body, sentence):
    assert sentence in digits.refused("encode", body)


def test_large_values_of_z_are_no_trouble(digits):
    decoded = images(digits.post("decode", floats([[3e38, -3e38]])), (8, 8, 1))
    assert decoded.shape == (1, 8, 8, 1)


def test_too_much_is_refused_whether_it_says_so_or_not(digits):
    most = digits.queue.most
    assert "2048 bytes" in digits.refused("decode", floats(np.zeros((most + 1, 2))), 413)
    assert "256 bytes" in digits.refused("encode", floats(np.zeros(65)), 413)


def sent_in_parts(digits: Served, parts: AsyncIterator[bytes]) -> Answer:
    request = Request(f"{ADDRESS.path}file", parts, headers=[("host", HOST)])
    (answer,) = answers(digits.app, [request])
    return answer


def test_what_never_ends_is_cut_off(digits):
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 1
            yield bytes(2**20)

    assert sent_in_parts(digits, endless()).status == 413
    assert sent == 33


def test_a_slow_body_is_given_up(digits, monkeypatch):
    monkeypatch.setattr(bodies, "SECONDS", 0.05)

    async def slow() -> AsyncIterator[bytes]:
        yield bytes(4)
        await asyncio.sleep(60)

    answer = sent_in_parts(digits, slow())
    assert answer.status == 408
    assert "took more than" in answer.error


def test_200_requests_at_the_same_time_get_their_own_answers(digits, monkeypatch):
    calls = []
    decode = vaekit.Run.decode
    monkeypatch.setattr(vaekit.Run, "decode", lambda *a: calls.append(1) or decode(*a))
    whole = decode(digits.run, Z)
    # One of them is refused, and takes no other with it.
    requests = [("decode", floats(z)) for z in Z]
    requests.insert(100, ("decode", floats([np.nan, 0])))
    got = digits.asked(requests)
    assert got.pop(100).status == 400
    assert {answer.status for answer in got} == {200}
    decoded = np.concatenate([images(answer.content, (8, 8, 1)) for answer in got])
    np.testing.assert_allclose(decoded, whole, atol=1e-5)
    assert len(calls) <= 20


def test_over_the_bound_a_request_is_told_to_come_again(digits, monkeypatch):
    monkeypatch.setattr(digits.queue.calls, "most_waiting", 3)
    got = digits.asked([("decode", floats(z)) for z in Z[:50]])
    busy = [answer for answer in got if answer.status == 503]
    assert len(got) - len(busy) >= 3
    assert busy
    assert {answer.headers["retry-after"] for answer in busy} == {"1"}
    assert "waiting" in busy[0].error
    assert digits.post("decode", floats(Z[0]))


def test_few_files_may_wait(digits, monkeypatch):
    monkeypatch.setattr(model_queue, "WAITING_CALLS", 2)
    image = floats(np.zeros(64))
    got = digits.asked([("encode", image)] * 10)
    assert sorted({answer.status for answer in got}) == [200, 503]
    assert digits.post("encode", image)


def test_a_model_that_fails_is_an_answer(digits, monkeypatch, caplog):
    def broken(*_: object) -> None:
        raise RuntimeError("out of memory")

    with monkeypatch.context() as patch:
        patch.setattr(vaekit.Run, "decode", broken)
        got = digits.asked([("decode", floats(z)) for z in Z[:3]])
    assert {answer.status for answer in got} == {500}
    assert "out of memory" not in got[0].error
    assert "out of memory" in caplog.text
    assert digits.post("decode", floats(Z[0]))


def test_nobody_waits_for_ever(digits, monkeypatch):
    monkeypatch.setattr(model_queue, "SECONDS", 0.05)
    monkeypatch.setattr(vaekit.Run, "decode", lambda *a: time.sleep(0.5))
    (answer,) = digits.asked([("decode", floats(Z[0]))])
    assert answer.status == 504
    monkeypatch.undo()
    assert digits.post("decode", floats(Z[0]))


def test_busy_is_nobodys_mistake():
    assert BusyError.exit_code == 1


# a map for z, with a condition


def test_each_latent_has_its_class(colours):
    run, labels = colours.run, np.array([0, 1, 2], "<i4")
    z = np.zeros((3, *run.latent_shape), "<f4")
    assert z.ndim == 4
    decoded = images(colours.post("decode", z.tobytes() + labels.tobytes()), (16, 16, 3))
    np.testing.assert_allclose(decoded, run.decode(z, labels), atol=1e-5)
    assert not np.allclose(decoded[0], decoded[1])
    refusal = colours.refused("decode", z[:1].tobytes() + np.array([3], "<i4").tobytes())
    assert "Label 3" in refusal
    assert "0 to 2" in refusal
    assert "its class" in colours.refused("decode", z[:1].tobytes())


def test_an_image_has_its_class(colours):
    image = np.full((1, 16, 16, 3), 0.5, "f4")
    z = np.frombuffer(colours.post("encode?label=1", image.tobytes()), "<f4")
    np.testing.assert_allclose(z, colours.run.latents(image, [1]).ravel(), atol=1e-5)
    for query in ("", "?label=", "?label=-1", "?label=3", "?label=x", "?label=99999999999"):
        assert "0 to 2" in colours.refused(f"encode{query}", image.tobytes())
