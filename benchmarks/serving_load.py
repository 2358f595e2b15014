"""Requests at a service on this machine, many at a time, each timed; and a flood that is bounded.

For `serving.py`. It asks 127.0.0.1 alone, a number of requests that is given, and ends by itself.
"""

from __future__ import annotations

import http.client
import io
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
import psutil

HOST = "127.0.0.1"
NPY = {"Accept": "application/x-npy", "Content-Type": "application/x-npy"}
_SECONDS = 120  # that a request may take, before the benchmark gives up


class Load(NamedTuple):
    """What became of requests: arrays by number, seconds of each, and of all of them."""

    answers: list[np.ndarray | int]
    seconds: list[float]
    took: float

    @property
    def rate(self) -> float:
        """Requests a second."""
        return len(self.answers) / self.took

    def percentile(self, share: float) -> float:
        """Milliseconds within which that share of the requests was answered."""
        return 1000 * float(np.percentile(self.seconds, share))


def body_of(images: np.ndarray) -> bytes:
    """Images as a body."""
    content = io.BytesIO()
    np.save(content, images)
    return content.getvalue()


def asked(port: int, path: str, bodies: list[bytes], together: int) -> Load:
    """The answers to `bodies`, in their order; each client has a connection that stays."""
    clients = threading.local()

    def one(body: bytes) -> tuple[np.ndarray | int, float]:
        if not hasattr(clients, "connection"):
            clients.connection = http.client.HTTPConnection(HOST, port, timeout=_SECONDS)
        start = time.perf_counter()
        clients.connection.request("POST", path, body, NPY)
        answer = clients.connection.getresponse()
        content = answer.read()
        seconds = time.perf_counter() - start
        if answer.status != 200:
            return answer.status, seconds
        return np.load(io.BytesIO(content), allow_pickle=False), seconds

    start = time.perf_counter()
    with ThreadPoolExecutor(together) as pool:
        results = [*pool.map(one, bodies)]
    took = time.perf_counter() - start
    return Load([answer for answer, _ in results], [seconds for _, seconds in results], took)


def flooded(
    port: int, count: int, together: int, kinds: list[Callable[[int], str]]
) -> tuple[Counter[str], float]:
    """What became of a flood of `count` requests, the kinds in turn, and how long it took."""
    start = time.perf_counter()
    with ThreadPoolExecutor(together) as pool:
        outcomes = Counter(pool.map(lambda n: kinds[n % len(kinds)](port), range(count)))
    return outcomes, time.perf_counter() - start


def posting(name: str, body: bytes) -> Callable[[int], str]:
    """A kind of request of a flood: a connection, a body, and whatever comes."""

    def post(port: int) -> str:
        connection = http.client.HTTPConnection(HOST, port, timeout=_SECONDS)
        try:
            connection.request("POST", "/reconstruct", body, NPY)
            answer = connection.getresponse()
            answer.read()
            return f"{name}: {answer.status}"
        except OSError as error:
            return f"{name}: {type(error).__name__}"
        finally:
            connection.close()

    return post


def stalling(size: int) -> Callable[[int], str]:
    """A kind of request of a flood: half a body of so many bytes, and then nothing."""

    def stall(port: int) -> str:
        head = (
            f"POST /encode HTTP/1.1\r\nHost: {HOST}:{port}\r\nContent-Length: {size}\r\n\r\n"
        ).encode()
        try:
            with socket.create_connection((HOST, port), timeout=_SECONDS) as connection:
                connection.sendall(head + bytes(size // 2))
                return f"half a body: {connection.recv(100).split()[1].decode()}"
        except (OSError, IndexError) as error:
            return f"half a body: {type(error).__name__}"

    return stall


@contextmanager
def memory_of(pid: int) -> Iterator[list[int]]:
    """The bytes that a process holds, looked at each 20 ms while entered."""
    process, samples, over = psutil.Process(pid), [], threading.Event()
    samples.append(process.memory_info().rss)

    def look() -> None:
        while not over.wait(0.02):
            samples.append(process.memory_info().rss)

    looker = threading.Thread(target=look)
    looker.start()
    try:
        yield samples
    finally:
        over.set()
        looker.join()
