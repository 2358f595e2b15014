"""Choosing Keras's backend, which must happen before Keras is first imported."""

from __future__ import annotations

import atexit
import gc
import importlib.util
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from vaekit import tuning
from vaekit.errors import UserError

BACKENDS = ("tensorflow", "jax", "torch")

_TF_LEVEL = "TF_CPP_MIN_LOG_LEVEL"
# Lines of absl's logger: "I0000 00:00:1795362315.358723    5053 port.cc:153] ...".
_CHATTER = re.compile(r"([IWE]\d{4} \d\d:\d\d:|WARNING: All log messages before absl)")


def select_backend(name: str | None, settings: tuning.Settings | None = None) -> str:
    """Make `name` Keras's backend, or keep Keras's own choice if None; start it; return its name.

    Keras's own choice is `KERAS_BACKEND`, then its config file, then TensorFlow. TensorFlow's
    start-up notices are kept off standard error, unless `TF_CPP_MIN_LOG_LEVEL` asks for them.

    settings: wishes about device, threads, allocator and oneDNN; what was chosen,
        `vaekit.tuning.started` tells.

    Raises `UserError` if the backend isn't installed, another one is running already, or a wish
    can't be fulfilled.
    """
    settings = settings or tuning.Settings()
    first = "keras" not in sys.modules
    tuning.before_import(settings)
    if first:
        if name is not None:
            os.environ["KERAS_BACKEND"] = name
        if os.environ.get("KERAS_BACKEND"):  # Keras takes an empty one as none, too
            _require(os.environ["KERAS_BACKEND"])
    quiet = first and os.environ.get(_TF_LEVEL, "3") == "3"  # who asks for 3 asks for silence
    if quiet:
        os.environ[_TF_LEVEL] = "3"
    with _without_chatter() if quiet else nullcontext():
        try:
            with _without_collecting() if first else nullcontext():
                import keras
        except ImportError as error:  # a backend that its config file names
            raise UserError(f"Keras can't start its backend: {error}.") from error

        chosen: str = keras.backend.backend()
        if chosen not in BACKENDS:
            raise UserError(f"vaekit trains on {', '.join(BACKENDS)}, not on {chosen}.")
        if name is not None and chosen != name:
            raise UserError(
                f"Keras is already running on {chosen} in this process, so it can't run on {name}: "
                "choose the backend before Keras is imported, or start a new process."
            )
        tuning.start(chosen, settings)
    return chosen


def _require(name: str) -> None:
    if name not in BACKENDS:
        raise UserError(f"There is no backend {name!r}: choose from {', '.join(BACKENDS)}.")
    if importlib.util.find_spec(name) is None:
        raise UserError(f"The backend {name} is not installed: pip install 'vaekit[{name}]'.")


@contextmanager
def _without_collecting() -> Iterator[None]:
    """No garbage collection meanwhile, none of what came meanwhile, and none when Python ends.

    A backend is a million objects and no garbage. Going through them again and again takes a
    second of the import, some of all later work, and another before the process ends.
    """
    gc.collect()  # or garbage of the caller's own would be kept
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if collecting:
            gc.enable()
        atexit.register(gc.freeze)


@contextmanager
def _without_chatter() -> Iterator[None]:
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
