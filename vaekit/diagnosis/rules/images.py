"""Illnesses of the images themselves, from which all others may follow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from vaekit.diagnosis.evidence import Evidence
from vaekit.diagnosis.finding import Cure, Finding, Rule
from vaekit.pixels import as_floats
from vaekit.types import Pixels

_ALL = ("posterior-collapse", "prior-hole", "unfinished", "decoder-variance", "amortisation-gap")
_RANGE = 1 / 8
_LIT = 0.01
_STEP = 1 / 255
_COPIES = 0.1
_HASHED = 20_000  # images that are looked at for copies
_MOST = 1000


class WrongRange(Rule):
    """Images that use a small part of the range from black to white."""

    name = "image-range"
    title = "Images of the wrong range"
    threshold = (
        "all pixels lie within an eighth of the range from black to white; or less than a "
        "hundredth of them aren't black"
    )
    source = (
        "an eighth is 3 of 8 bits lost: what 8-bit values are that were divided by 255 twice, or "
        "12-bit ones that count as 16-bit; the same at which reading them warns. Numbers from 0 to "
        "1 that are stored as whole ones keep the few that are 1: of MNIST's pixels, one in 140"
    )
    remedy = "the images, stretched to the whole range"
    causes = ("constant-images", "duplicated-images", "learning-rate-too-high", *_ALL)

    def __call__(self, evidence: Evidence) -> Finding | None:
        low, high = evidence.values
        if high - low > _RANGE:
            return self._nearly_black(evidence)
        return self.finding(
            f"All pixels are from {low:.3g} to {high:.3g}, where 0 is black and 1 is white.",
            {"least": low, "greatest": high},
            Cure({}, "the same images fill the range", "stretch"),
        )

    def _nearly_black(self, evidence: Evidence) -> Finding | None:
        """Images of which some pixels reach white, and next to none differ from black."""
        if evidence.look is None:
            return None
        lit = float(np.mean(as_floats(evidence.look.training.pixels[:_MOST]) > _STEP))
        if lit >= _LIT:
            return None
        return self.finding(
            f"{lit:.2%} of the pixels of training images aren't black.",
            {"lit": lit},
            advice=(
                "Read them anew from where they came: numbers from 0 to 1 that were stored as "
                "whole ones, for example, are lost."
            ),
        )


class ConstantImages(Rule):
    """Images that are all the same."""

    name = "constant-images"
    title = "Constant images"
    threshold = "pixels vary over the images by a standard deviation below 1/255"
    source = "one step of 8 bits: what no screen shows, z need not tell"
    remedy = "other images: there is nothing to learn from these"
    causes = ("duplicated-images", *_ALL)

    def __call__(self, evidence: Evidence) -> Finding | None:
        if evidence.look is None:
            return None
        pixels = as_floats(evidence.look.training.pixels[:_MOST])
        spread = float(np.sqrt(np.mean(np.var(pixels, axis=0, dtype="float64"))))
        if spread >= _STEP:
            return None
        return self.finding(
            f"Over {len(pixels):,} training images a pixel's standard deviation is {spread:.2g}.",
            {"standard_deviation": spread, "images": len(pixels)},
            advice="Look at the images: they are all the same. Was the right folder read?",
        )


class DuplicatedImages(Rule):
    """Copies among the training images, or of them among the held-out ones."""

    name = "duplicated-images"
    title = "Duplicated images"
    threshold = "a tenth of the training images are copies, or of the held-out ones copies of those"
    source = (
        "Barz and Denzler, arXiv:1902.00423: 10 % is what CIFAR-100's test set has, enough to "
        "change which of two models is better"
    )
    remedy = "the distinct images alone"
    causes = ("overfitting", "amortisation-gap")

    def __call__(self, evidence: Evidence) -> Finding | None:
        if evidence.look is None:
            return None
        training = _hashes(evidence.look.training.pixels)
        held_out = _hashes(evidence.look.held_out.pixels)
        copies = 1 - len(np.unique(training)) / len(training)
        seen = float(np.mean(np.isin(held_out, training)))
        if max(copies, seen) < _COPIES:
            return None
        return self.finding(
            f"{copies:.0%} of {len(training):,} training images are copies of others, and "
            f"{seen:.0%} of {len(held_out):,} held-out images were trained on.",
            {"copies": copies, "held_out_seen": seen},
            Cure(
                _batches(evidence, len(np.unique(np.concatenate([training, held_out])))),
                "each image counts once, and none is judged by itself",
                "distinct",
            ),
        )


def _batches(evidence: Evidence, images: int) -> Mapping[str, Any]:
    """Batches no larger than the images that are left to train on."""
    left = max(1, int(images * (1 - evidence.config.validation_split)))
    return {"batch_size": left} if left < evidence.config.batch_size else {}


def _hashes(pixels: Pixels) -> np.ndarray:
    """A number for each image, which equal ones share."""
    rows = np.ascontiguousarray(pixels[:_HASHED]).reshape(min(len(pixels), _HASHED), -1)
    return np.array([hash(row.tobytes()) for row in rows])
