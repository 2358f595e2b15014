"""What a client sends, and what it gets."""

from __future__ import annotations

import http.client
import io
import json
import socket
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import numpy as np
from PIL import Image

NPY, JSON, PNG = "application/x-npy", "application/json", "image/png"


class Answer(NamedTuple):
    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def array(self) -> np.ndarray:
        assert self.status == 200, self.content
        assert self.headers["content-type"] == NPY
        return np.load(io.BytesIO(self.content), allow_pickle=False)

    @property
    def json(self) -> dict[str, Any]:
        assert self.status == 200, self.content
        values: dict[str, Any] = json.loads(self.content)
        return values

    def refused(self, status: int) -> str:
        """The sentence of a refusal, which has nothing else."""
        assert self.status == status, (self.status, self.content)
        assert self.headers["content-type"] == JSON
        values = json.loads(self.content)
        assert list(values) == ["error"]
        sentence = str(values["error"])
        assert sentence[-1] in ".?"
        assert sentence.isprintable()
        assert "Traceback" not in sentence
        assert 'File "' not in sentence
        assert len(sentence) < 400
        return sentence


class Client:
    """Of one service, each request by a connection of its own."""

    def __init__(self, url: str) -> None:
        self.place = urlsplit(url)

    def connect(self) -> socket.socket:
        host, port = self.place.hostname, self.place.port
        return socket.create_connection((host, port), timeout=60)

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        connection = http.client.HTTPConnection(self.place.netloc, timeout=60)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, named)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, content)

    def post(self, path: str, body: Any = b"", **headers: str) -> Answer:
        return self.ask("POST", path, body, **headers)

    def get(self, path: str, **headers: str) -> Answer:
        return self.ask("GET", path, **headers)


def npy(values: Any) -> bytes:
    content = io.BytesIO()
    np.save(content, np.asarray(values))
    return content.getvalue()


def npy_of(shape: str, data: bytes = bytes(64), descr: str = "'|u1'") -> bytes:
    """An array by its header alone."""
    head = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little") + head + data


def picture(pixels: np.ndarray, form: str = "PNG") -> bytes:
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, form)
    return content.getvalue()
