"""Small broken parts. Each has one fault, and fails exactly the check that it's filed under."""

from tests.testing.gallery import datasets, decoders, encoders, losses
from tests.testing.gallery.shown import SHOWN

__all__ = ["SHOWN", "datasets", "decoders", "encoders", "losses"]
