"""A run's model, warm: what is asked of it has been compiled before."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

import numpy as np

from vaekit.errors import UserError
from vaekit.model import Part
from vaekit.run import Run
from vaekit.run.samplers import drawn
from vaekit.sampler import Sampler
from vaekit.serving.contents import SampleRequest
from vaekit.startup import with_keras_defaults
from vaekit.types import Images

Columns = Mapping[str, np.ndarray]


class RunModel:
    """What a run makes of rows: images in [0, 1] `(N, H, W, C)`, latents or codes, and classes.

    For one thread at a time. Weights and samplers are those that the run had when they were first
    asked for: what is written into its directory later changes nothing.

    rows: the most in a call. point: which of `encode`'s columns stands for the image and can be
    decoded.
    """

    def __init__(self, run: Run, rows: int) -> None:
        self._run = run
        self._rows = rows
        self._score = run.scorer(rows)
        self._samplers: dict[str | None, tuple[Part, Sampler]] = {}
        self.encoded_names = tuple(self.encode(*self._blank(1)))
        self.point = next(name for name in run.point_names if name in self.encoded_names)
        self.score_names = tuple(self.score(*self._blank(1)))

    def encode(self, pixels: np.ndarray, labels: np.ndarray | None) -> Columns:
        """What the latent tells of each image, by name, as `vaekit encode` writes it."""
        return self._run.encoded(Images(pixels, labels))

    def reconstruct(self, pixels: np.ndarray, labels: np.ndarray | None) -> Columns:
        """Images decoded from the z that stands for each."""
        return {"images": self._run.reconstruct(Images(pixels, labels))}

    def decode(self, z: np.ndarray, labels: np.ndarray | None) -> Columns:
        """Images of latents, or of codes."""
        return {"images": self._run.decode(z, labels)}

    def score(self, pixels: np.ndarray, labels: np.ndarray | None) -> Columns:
        """`Run.score` of these images together: a loss may hold one against the others."""
        return self._score(Images(pixels, labels))

    @with_keras_defaults
    def draw(self, asked: SampleRequest, classes: np.ndarray | None) -> np.ndarray:
        """The z that `Run.sample` would decode. Raises as it does."""
        if asked.sampler not in self._samplers:
            self._samplers[asked.sampler] = self._run.sampler(asked.sampler)
        part, sampler = self._samplers[asked.sampler]
        vae = self._run.model
        return drawn(vae, part, sampler, asked.count, asked.seed, asked.temperature, classes)

    def warm_up(self) -> None:
        """Call what rows are joined for with each number of them that there will be."""
        count = 1
        while count < 2 * self._rows:
            pixels, labels = self._blank(count)
            self.encode(pixels, labels)
            self.reconstruct(pixels, labels)
            count *= 2
        with suppress(UserError):  # where nothing can be drawn, each request is told why
            self.draw(SampleRequest(), self._blank(1)[1])

    def _blank(self, count: int) -> tuple[np.ndarray, np.ndarray | None]:
        pixels = np.zeros((count, *self._run.image_shape), np.float32)
        return pixels, np.zeros(count, np.int32) if self._run.takes_labels else None
