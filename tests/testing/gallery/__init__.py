"""Small broken parts. Each has one fault, and fails the check that it's filed under first."""

from tests.testing.gallery import (
    datasets,
    decoders,
    encoders,
    latents,
    losses,
    metrics,
    priors,
    samplers,
    trackers,
)
from tests.testing.gallery.shown import SHOWN

__all__ = [
    "SHOWN",
    "datasets",
    "decoders",
    "encoders",
    "latents",
    "losses",
    "metrics",
    "priors",
    "samplers",
    "trackers",
]
