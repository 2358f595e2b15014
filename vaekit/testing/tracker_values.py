"""A tracker under check, and a made-up run that it is told of."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import chdir, contextmanager
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp

import numpy as np
from PIL import Image

from vaekit.registry import Component
from vaekit.testing.subject import Subject
from vaekit.testing.verdict import CheckSkipped
from vaekit.tracker import RunResults, TrackedRun, Tracker
from vaekit.types import Images

STEPS = 4  # an epoch


class TrackerUnderCheck:
    """Trackers of one part, and a run whose directory is new.

    Skips the check where what the tracker requires isn't installed.
    """

    def __init__(self, subject: Subject, home: Path) -> None:
        self._subject = subject
        self._path = Path(mkdtemp(prefix="run-", dir=home))
        for module in self.new().requires:
            if find_spec(module) is None:
                raise CheckSkipped(f"{module} is not installed")

    def new(self) -> Tracker:
        """The tracker as another process has it, which was told nothing yet."""
        subject = self._subject
        made: Tracker = subject.make(**{**subject.options, **subject.claims.options})
        return made

    def run(self, epochs: int = 0) -> TrackedRun:
        """The run, with so many epochs behind it."""
        folder = self._path / "tracking"
        folder.mkdir(exist_ok=True)
        return TrackedRun(
            name=self._path.name,
            path=self._path,
            folder=folder,
            options={"epochs": 3, "loss": "elbo", "gif": True, "limit": None, "beta.weight": 0.5},
            parts={"encoder": "small@under-check 0", "loss": "elbo@under-check 0"},
            versions={"python": "3", "keras": "3"},
            steps_an_epoch=STEPS,
            epoch=epochs,
            step=epochs * STEPS,
            history=tuple(line_of(epoch) for epoch in range(1, epochs + 1)),
        )

    def results(self) -> RunResults:
        """All that a run may have made."""
        pixels = np.random.default_rng(0).integers(0, 256, (6, 8, 8, 1), "uint8")
        picture = Image.fromarray(pixels[0, ..., 0])
        names = ("latent.png", "training.gif", "report.html", "VAE.keras")
        latent, training, report, model = (self._path / name for name in names)
        picture.save(latent)
        picture.save(training, save_all=True, append_images=[picture])
        report.write_text("<!doctype html><title>A run</title>", encoding="utf-8")
        model.write_bytes(b"a model")
        return RunResults(
            pictures=(latent, training),
            report=report,
            models=(model,),
            images=Images(pixels, labels=np.arange(6) % 2),
            points=np.linspace(-1, 1, 18, dtype="float32").reshape(6, 3),
            classes=("even", "odd"),
        )


def line_of(epoch: int) -> dict[str, float]:
    """A line of the history."""
    numbers = {"loss": 1 / 3 + epoch, "val_loss": 0.1 * epoch, "kl_dim_0": 1e-30, "active_units": 2}
    return {"epoch": epoch, "seconds": 0.125, "images_per_s": 96.0, **numbers}


@contextmanager
def tracker_of(subject: Subject) -> Iterator[TrackerUnderCheck]:
    """The tracker, while what it leaves in the working folder is left in one that goes."""
    home = Path(_home(subject.component).name)
    with chdir(home):
        yield TrackerUnderCheck(subject, home)


@lru_cache(maxsize=1)
def _home(component: Component) -> TemporaryDirectory[str]:
    """A folder for all checks of a part: a database in it is made once."""
    return TemporaryDirectory(prefix="vaekit-tracker-", ignore_cleanup_errors=True)
