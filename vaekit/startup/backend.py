"""Choosing Keras's backend, which must happen before Keras is first imported."""

from __future__ import annotations

import atexit
import gc
import importlib.util
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path

from vaekit.errors import UserError
from vaekit.startup.allocator import choose_allocator
from vaekit.startup.choices import Choice, Settings
from vaekit.startup.device import choose_device, hide_gpus, hide_gpus_before_import
from vaekit.startup.forks import note_start, refuse_fork
from vaekit.startup.graph_rewrites import leave_out_remapper
from vaekit.startup.keras_defaults import hold
from vaekit.startup.lean_import import lean_import
from vaekit.startup.onednn import ask_before_import, choose_onednn
from vaekit.startup.quiet import quiet_start
from vaekit.startup.threads import choose_threads
from vaekit.wording import install_text

BACKENDS = ("tensorflow", "jax", "torch")
UNSTARTED = "Keras can't start its backend"

# What holds in this process: it has one backend, which starts once.
_started: list[Choice] = []


def select_backend(
    name: str | None,
    settings: Settings | None = None,
    before_start: Callable[[str], None] = lambda backend: None,
) -> str:
    """Make `name` Keras's backend, or keep Keras's own choice if None; start it; return its name.

    Keras's own choice is `KERAS_BACKEND`, then its config file, then TensorFlow. TensorFlow's
    start-up notices are kept off standard error, unless `TF_CPP_MIN_LOG_LEVEL` asks for them.

    settings: wishes about device, threads, allocator and oneDNN; what was chosen,
        `started` tells.
    before_start: called with the backend's name between its import and its start.

    Raises `UserError` if the backend isn't installed, another one is running already, a wish can't
    be fulfilled, or this process was forked from one in which the backend had started.
    """
    refuse_fork()
    settings = settings or Settings()
    first = "keras" not in sys.modules
    _before_import(settings)
    if first:
        if name is not None:
            os.environ["KERAS_BACKEND"] = name
        if os.environ.get("KERAS_BACKEND"):  # Keras takes an empty one as none, too
            _require(os.environ["KERAS_BACKEND"])
    with quiet_start():
        try:
            with _lean() if first else nullcontext():
                import keras
        except ImportError as error:  # a backend that its config file names
            raise UserError(f"{UNSTARTED}: {error}.") from error
        except (ValueError, AttributeError) as error:  # what is wrong with its config file
            reason = str(error).rstrip(".").replace(". ", "; ")
            raise UserError(
                f"Keras can't be imported: {reason}. Mend keras.json in ~/.keras, or in the folder "
                "that KERAS_HOME names."
            ) from error

        chosen: str = keras.backend.backend()
        if chosen not in BACKENDS:
            raise UserError(f"vaekit trains on {', '.join(BACKENDS)}, not on {chosen}.")
        if name is not None and chosen != name:
            raise UserError(
                f"Keras is already running on {chosen} in this process, so it can't run on {name}: "
                "choose the backend before Keras is imported, or start a new process."
            )
        hold()
        before_start(chosen)
        _start(chosen, settings)
    return chosen


def backend_to_be(name: str | None) -> str:
    """The backend that `select_backend` of `name` will start, told without importing Keras."""
    if "keras" in sys.modules:
        return str(sys.modules["keras"].backend.backend())
    if name or os.environ.get("KERAS_BACKEND"):
        return name or os.environ["KERAS_BACKEND"]
    home = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras").expanduser()
    with suppress(OSError, ValueError, AttributeError):  # Keras itself says what is wrong with it
        return str(json.loads((home / "keras.json").read_text("utf-8")).get("backend", BACKENDS[0]))
    return BACKENDS[0]


def started() -> list[Choice]:
    """What was chosen when this process's backend started, in the order in which it was."""
    return list(_started)


def _before_import(settings: Settings) -> None:
    """Make the choices that come before Keras is imported."""
    if "keras" not in sys.modules:
        hide_gpus_before_import(settings.device)
    ask_before_import(settings.onednn)


def _start(backend: str, settings: Settings) -> None:
    """Make the other choices, and let `backend`, which Keras has imported, start its device.

    Raises `UserError` for a wish that can't be fulfilled here, or no longer.
    """
    import keras

    onednn = choose_onednn(backend, settings.onednn)
    hide_gpus(backend, settings.device)
    threads = choose_threads(backend, settings.threads)
    allocator = choose_allocator(backend, settings.allocator)
    if backend == "tensorflow":
        leave_out_remapper()
    keras.ops.zeros(())  # the first tensor starts the device
    note_start()
    device = choose_device(backend, settings.device)
    _started[:] = [device, threads, allocator, *([onednn] if onednn else [])]


def _require(name: str) -> None:
    if name not in BACKENDS:
        raise UserError(f"There is no backend {name!r}: choose from {', '.join(BACKENDS)}.")
    if importlib.util.find_spec(name) is None:
        raise UserError(f"The backend {name} is not installed: {install_text(f'vaekit[{name}]')}.")


@contextmanager
def _lean() -> Iterator[None]:
    with _without_collecting(), lean_import():
        yield


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
