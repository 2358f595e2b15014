"""Libraries kept from giving advice that is not for the user."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def absl_errors_only() -> Iterator[None]:
    """While entered, what logs through absl, as Keras and Grain do, tells of errors alone."""
    logger = logging.getLogger("absl")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
