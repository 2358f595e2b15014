"""One small trained run, shared by every test that only reads it."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from vaekit.startup import select_backend

# No test waits for a measurement of this machine, but those that ask for one.
os.environ.setdefault("VAEKIT_AUTOTUNE", "off")

select_backend(None)  # before anything imports Keras, so that its chatter stays off the log

import vaekit  # noqa: E402
from tests import small_nets  # noqa: E402
from tests.installed import Site  # noqa: E402
from tests.process_state import process_state  # noqa: E402
from vaekit import figures, report  # noqa: E402
from vaekit.plugins import discover, discovery  # noqa: E402

EPOCHS, LIMIT = 2, 96
vaekit.register_encoder("small", small_nets.encoder, summary="One dense layer.")
vaekit.register_encoder("small-map", small_nets.map_encoder, summary="One convolution.")
vaekit.register_decoder("small", small_nets.decoder, summary="Two dense layers.")
draw_figures, Animation = figures.draw_figures, figures.Animation
write_first_report = report.write_first_report


class _Still:
    """Stands for the animation of a run, and shows nothing."""

    def __init__(self, *_: object, **__: object) -> None: ...

    def frame(self, epoch: int) -> None: ...


def pytest_configure() -> None:
    """Take SIGINT, which shells have programs in the background ignore; tests send it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(tryfirst=True)  # before a module's fixtures train
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Pictures take longer than a small training: only a test of them, marked `pictures`, draws."""
    wanted = item.get_closest_marker("pictures") is not None
    figures.draw_figures = draw_figures if wanted else lambda *_, **__: []
    figures.Animation = Animation if wanted else _Still
    report.write_first_report = write_first_report if wanted else lambda *_: None


@pytest.fixture(autouse=True)
def nothing_left_behind() -> Iterator[None]:
    """A test that leaves the process other than it found it fails itself, not one after it."""
    before = process_state()
    yield
    after = process_state()
    # Libraries set variables and find folders of their own when they are first used.
    after["environment"] = {
        name: value
        for name, value in after["environment"].items()
        if name in before["environment"] or name.startswith(("VAEKIT_", "KERAS_"))
    }
    after["path"] = [
        path
        for path in after["path"]
        if path in before["path"] or not path.startswith((sys.prefix, sys.base_prefix))
    ]
    assert {name: after[name] for name in before if after[name] != before[name]} == {}


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "run"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(figures, "draw_figures", draw_figures)
        patch.setattr(figures, "Animation", Animation)
        # Whichever test is the first to ask for the run.
        patch.setattr(report, "write_first_report", lambda *_: None)
        vaekit.train(
            data="digits", epochs=EPOCHS, limit=LIMIT, seed=3, out=str(folder), progress=False
        )
    return folder


@pytest.fixture(scope="session")
def run(run_folder: Path) -> vaekit.Run:
    return vaekit.load(run_folder)


@pytest.fixture
def digits() -> np.ndarray:
    """Sixteen digits, uint8, 8x8."""
    pixels = vaekit.load_data("digits").train.pixels[:16]
    return (pixels * 255).round().astype("uint8")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A place to install distributions in, for this test."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    discover.cache_clear()
    site = Site(folder)
    yield site
    site.forget()


@pytest.fixture
def registering(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test registers by a call is forgotten after it."""
    monkeypatch.setattr(discovery, "_local_parts", dict(discovery._local_parts))
