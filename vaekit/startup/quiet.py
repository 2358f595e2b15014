"""Libraries kept from telling users what is not for them."""

from __future__ import annotations

import logging
import os
import re
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TextIO

# Lines of absl's logger: "I0000 00:00:1795362315.358723    5053 port.cc:153] ...".
_CHATTER = re.compile(r"([IWE]\d{4} \d\d:\d\d:|WARNING: All log messages before absl)")


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


_unsaid: ContextVar[bool] = ContextVar("retracing unsaid", default=False)


@contextmanager
def retracing_unsaid() -> Iterator[None]:
    """While entered, TensorFlow doesn't warn that one model after another is compiled.

    Each new model is, and no user can do anything about it.
    """
    logging.getLogger("tensorflow").addFilter(_not_retracing)  # once, however often it is added
    token = _unsaid.set(True)
    try:
        yield
    finally:
        _unsaid.reset(token)


def _not_retracing(record: logging.LogRecord) -> bool:
    return not (_unsaid.get() and "tf.function retracing" in str(record.msg))


@contextmanager
def stdout_unsaid() -> Iterator[None]:
    """While entered, what is written to file descriptor 1, as libraries in C do, reaches nobody."""
    with _descriptor_unsaid(1, sys.stdout):
        yield


@contextmanager
def _descriptor_unsaid(number: int, stream: TextIO) -> Iterator[None]:
    """While entered, what is written to this file descriptor, which `stream` writes to, is lost."""
    try:
        saved = os.dup(number)
    except OSError:  # it is closed
        yield
        return
    stream.flush()
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), number)
    try:
        yield
    finally:
        os.dup2(saved, number)
        os.close(saved)


_TF_LEVEL = "TF_CPP_MIN_LOG_LEVEL"


@contextmanager
def quiet_start() -> Iterator[None]:
    """While entered, Keras may be imported, and TensorFlow's and CUDA's notices reach nobody.

    Whoever set `TF_CPP_MIN_LOG_LEVEL` to less than 3 asked for them, and whoever has imported Keras
    already has seen them: nothing is held back then.
    """
    if "keras" in sys.modules or os.environ.setdefault(_TF_LEVEL, "3") != "3":
        yield
        return
    with _without_notices():
        yield


@contextmanager
def _without_notices() -> Iterator[None]:
    """Hold back what is written to file descriptor 2; then pass on all but start-up notices.

    TensorFlow 2.21 writes them before it reads its log level, so nothing gentler stops them.
    """
    try:
        saved = os.dup(2)
    except OSError:  # standard error is closed, so there is nothing to keep clean
        yield
        return
    with tempfile.TemporaryFile() as held:
        sys.stderr.flush()
        os.dup2(held.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(saved, 2)
            os.close(saved)
            held.seek(0)
            for line in held.read().decode(errors="replace").splitlines():
                if not _CHATTER.match(line):
                    print(line, file=sys.stderr)


@contextmanager
def converters_unsaid() -> Iterator[None]:
    """While entered, what writes and runs models for other runtimes tells nobody what it does.

    Part of it writes to file descriptor 2 itself. What goes wrong is raised.
    """
    loggers = [logging.getLogger(name) for name in ("absl", "tensorflow", "tf2onnx", "root", "")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings(), _descriptor_unsaid(2, sys.stderr):
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
