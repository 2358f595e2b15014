"""Small runs, each served once for all tests: plain, of codes by class, in colour with a map."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pytest

import vaekit
from tests.codes import Numbered
from tests.serving.asking import Client
from tests.small_nets import SMALL_NETS
from vaekit.plugins import discovery
from vaekit.serving.service import Service

# Few sizes of batches to warm up for, and a time that a test can wait for.
LIMITS = {"max_batch": 16, "max_rows": 16, "queue": 64, "max_body": 2**18, "body_timeout": 2}


class Served(NamedTuple):
    run: vaekit.Run
    service: Service
    client: Client


def small_run(out: str, **options: object) -> vaekit.Run:
    return vaekit.train(
        **{**SMALL_NETS, "data": "digits", "limit": 32, "epochs": 1, **options},
        figures=False,
        report=False,
        progress=False,
        out=out,
    )


@pytest.fixture(scope="package")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A run of 8x8 grey digits, with two latents."""
    run = small_run(str(tmp_path_factory.mktemp("served") / "plain"))
    with run.serve(**LIMITS) as service:
        yield Served(run, service, Client(service.url))


@pytest.fixture(scope="package")
def coded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A run of one of six codes an image, with a condition."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(discovery, "_local_parts", {**discovery._local_parts})
        vaekit.register_latent("numbered", Numbered)
        run = small_run(
            str(tmp_path_factory.mktemp("served") / "coded"),
            latent="numbered",
            latent_dim=3,
            condition="labels",
        )
    discovery.discover.cache_clear()
    with run.serve(**LIMITS) as service:
        yield Served(run, service, Client(service.url))


@pytest.fixture(scope="package")
def mapped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A run of colours, whose z is a map of 2x2."""
    run = small_run(
        str(tmp_path_factory.mktemp("served") / "mapped"),
        data=np.random.default_rng(0).integers(0, 256, (32, 8, 8, 3), "uint8"),
        encoder="small-map",
        latent_dim=3,
        latent_opt={"grid": True},
        loss="elbo",
    )
    with run.serve(**{**LIMITS, "max_batch": 4, "max_rows": 4}) as service:
        yield Served(run, service, Client(service.url))
