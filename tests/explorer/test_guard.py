"""Who is let in: those that know the token, by the served address, from the page itself."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.explorer.asking import Answer, Headers, Request, answers
from tests.explorer.conftest import ADDRESS, HOST, Served, floats
from vaekit.explorer import listen_secretly

Z = floats([[0.0, 0.0]])
Ask = Callable[..., Answer]


@pytest.fixture
def ask(digits: Served) -> Ask:
    def answer(method: str, path: str, *, host: str = HOST, more: Headers = ()) -> Answer:
        headers = [("host", host), *more]
        (one,) = answers(digits.app, [Request(path, Z, method, headers)])
        return one

    return answer


def check_refused(answer: Answer, status: int = 403) -> None:
    assert answer.status == status
    assert answer.error.endswith(".")
    assert ADDRESS.token not in answer.error
    assert answer.headers["cache-control"] == "no-store"


def test_the_page_is_had_by_its_token(ask):
    answer = ask("GET", ADDRESS.path)
    assert answer.content.endswith(b"the page")
    assert answer.headers["content-security-policy"] == "default-src 'none'"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"
    assert "access-control-allow-origin" not in answer.headers
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "//",
        "/decode",
        "/another-token/",
        "/token-of-the-test/",
        "/token-of-the-testsX/",
        "/TOKEN-OF-THE-TESTS/",
        "/%74oken-of-the-test/",
        "*",
        "/%c3%a9/",
        "/%ff%fe/",
        "/?token=token-of-the-tests",
        "/../run.json",
        "/%2e%2e/run.json",
        "/..%2frun.json",
        "//token-of-the-tests/",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_no_other_path_is_served(ask, path, method):
    check_refused(ask(method, path))


@pytest.mark.parametrize(
    "path",
    [
        "../run.json",
        "../../run.json",
        "%2e%2e/run.json",
        "..%2f..%2frun.json",
        "/run.json",
        "run.json",
        "static/remote.js",
        "%2fetc%2fpasswd",
        "decode/",
        "decode/../file",
        "decode%00",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_under_the_token_lies_nothing_but_the_page_and_its_answers(ask, path, method):
    check_refused(ask(method, ADDRESS.path + path), 404)


def test_what_is_posted_to_can_not_be_fetched(ask):
    for name in ("decode", "encode", "file"):
        check_refused(ask("GET", ADDRESS.path + name), 405)
    check_refused(ask("POST", ADDRESS.path), 405)


@pytest.mark.parametrize(
    "host",
    [
        "example.org",
        "example.org:8001",
        "127.0.0.1",
        "127.0.0.1:8002",
        "127.0.0.1:8001.example.org",
        "127.0.0.1.example.org:8001",
        "0.0.0.0:8001",
        "[::1]:8001",
        "",
    ],
)
def test_another_host_is_refused_even_with_the_token(ask, host):
    check_refused(ask("GET", ADDRESS.path, host=host))
    check_refused(ask("POST", f"{ADDRESS.path}decode", host=host))


def test_two_hosts_are_refused_and_none(ask, digits):
    check_refused(ask("GET", ADDRESS.path, more=[("host", "example.org")]))
    (answer,) = answers(digits.app, [Request(ADDRESS.path, method="GET")])
    check_refused(answer)


@pytest.mark.parametrize("host", [HOST, "localhost:8001", "LocalHost:8001"])
def test_its_own_names_are_taken(ask, host):
    origin = [("origin", f"http://{host}")]
    assert ask("GET", ADDRESS.path, host=host).status == 200
    assert ask("POST", f"{ADDRESS.path}decode", host=host, more=origin).status == 200


@pytest.mark.parametrize(
    "origin",
    [
        "http://example.org",
        "https://127.0.0.1:8001",
        "http://127.0.0.1:8002",
        "http://127.0.0.1",
        "null",
        "",
    ],
)
def test_another_page_may_not_post(ask, origin):
    for name in ("decode", "encode", "file"):
        check_refused(ask("POST", ADDRESS.path + name, more=[("origin", origin)]))


def test_each_start_has_a_token_of_its_own():
    addresses = []
    for _ in range(2):
        listener, address = listen_secretly()
        listener.close()
        addresses.append(address)
    first, second = (address.token for address in addresses)
    assert first != second
    assert len(first) >= 43  # 32 bytes
    assert addresses[0].url == f"http://{addresses[0].server.authority}/{first}/"
