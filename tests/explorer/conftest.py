"""Runs that are served within the test's process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from starlette.types import ASGIApp

import vaekit
from tests.explorer.asking import Answer, Request, answers
from tests.small_nets import SMALL_NETS
from vaekit.explorer.address import PageAddress
from vaekit.explorer.app import build_app
from vaekit.explorer.run_queue import RunQueue
from vaekit.http_server import Address

HOST = "127.0.0.1:8001"
ADDRESS = PageAddress(Address(HOST, frozenset({HOST, "localhost:8001"})), "token-of-the-tests")
# What stands for the report, which has tests of its own.
PAGE = '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'">the page'


class Served(NamedTuple):
    run: vaekit.Run
    app: ASGIApp
    queue: RunQueue

    def asked(self, requests: list[tuple[str, bytes]]) -> list[Answer]:
        """The answers to what the page posts, all at the same time."""
        headers = [("host", HOST), ("origin", f"http://{HOST}")]
        return answers(
            self.app,
            [Request(f"{ADDRESS.path}{name}", body, headers=headers) for name, body in requests],
        )

    def post(self, name: str, body: bytes) -> bytes:
        (answer,) = self.asked([(name, body)])
        assert answer.status == 200, answer.content
        return answer.content

    def refused(self, name: str, body: bytes, status: int = 400) -> str:
        """The sentence of a refusal."""
        (answer,) = self.asked([(name, body)])
        assert answer.status == status, answer.content
        return answer.error


def served(run: vaekit.Run) -> Served:
    queue = RunQueue(run)
    return Served(run, build_app(run, queue, PAGE, ADDRESS), queue)


def small_run(out: Path, **options: object) -> vaekit.Run:
    """A run of one epoch, of nets that are built in no time."""
    return vaekit.train(
        **{**SMALL_NETS, "data": "digits", "limit": 32, "epochs": 1, **options},
        figures=False,
        report=False,
        progress=False,
        out=str(out),
    )


def floats(values: object) -> bytes:
    return np.asarray(values, "<f4").tobytes()


@pytest.fixture(scope="session")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A run of 8x8 grey digits, with two latents."""
    made = served(small_run(tmp_path_factory.mktemp("runs") / "digits"))
    yield made
    made.queue.close()


@pytest.fixture(scope="session")
def colours(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A run of 16x16 colour images of three classes, with a condition and a map for z."""
    folder = tmp_path_factory.mktemp("runs")
    pixels = np.random.default_rng(0).integers(0, 256, (32, 16, 16, 3), "u1")
    np.savez(folder / "colours.npz", x_train=pixels, y_train=np.arange(32) % 3)
    run = small_run(
        folder / "colours",
        data=str(folder / "colours.npz"),
        encoder="conv5",
        encoder_opt={"width": 2},
        decoder="deconv4",
        decoder_opt={"width": 2},
        latent_opt={"grid": True},
        condition="labels",
        image_size=16,
        resize="pad",
    )
    made = served(run)
    yield made
    made.queue.close()
