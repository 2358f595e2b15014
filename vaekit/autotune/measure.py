"""One measurement for this machine: from the cache, or taken now and kept."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from vaekit.autotune import cache
from vaekit.autotune.cache import Measurement, Raced
from vaekit.autotune.combination import USUAL, Combination, combinations, usual_of
from vaekit.autotune.machine import fewer_threads, has_glibc, machine_of
from vaekit.autotune.race import LIMIT, race
from vaekit.autotune.racer import RaceError
from vaekit.errors import VaekitError
from vaekit.memory import free_memory
from vaekit.wording import option_text

_MEMORY = 2**30  # bytes that a process that trains the tutorial's nets takes at most


def measurement_for(
    backend: str, device: str | None, *, again: bool, note: Callable[[str], None]
) -> tuple[Measurement, bool]:
    """What was measured for this machine, and whether that was now.

    device: the one that was asked for. again: measure it anew.
    note: is told, before half a minute in which nothing else happens.

    A measurement that failed is kept as well, so that every run after it chooses as it did.

    Raises `VaekitError` where nothing could be kept: then each run might choose otherwise.
    """
    machine = machine_of(backend, device)
    kept = None if again else cache.read(machine)
    if kept is not None:
        return kept, False
    with cache.alone(machine, wait=LIMIT):
        # Another process may have done it meanwhile.
        kept = None if again else cache.read(machine)
        if kept is not None:
            return kept, False
        note(
            "Measuring once what is faster on this machine, for long runs: about half a minute "
            f"({option_text('autotune', 'off')} leaves it out)."
        )
        measured = _measured(machine, entered(backend, machine["gpus"], device), device)
        try:
            cache.write(measured)
        except OSError as error:
            raise VaekitError(f"{error.filename} can't be written ({error.strerror})") from None
    return measured, True


def entered(backend: str, gpus: list[str], device: str | None) -> list[Combination]:
    """What is measured for runs on a backend; the usual one first.

    On JAX and torch there is nothing to choose, and TensorFlow is measured beside them.
    """
    gpu = bool(gpus) and device != "cpu"
    if backend != USUAL.backend:
        return [usual_of(backend), USUAL]
    return combinations(gpu=gpu, glibc=has_glibc(), fewer_threads=fewer_threads())


def _measured(
    machine: dict[str, Any], combinations: list[Combination], device: str | None
) -> Measurement:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    processes = len({repr(one.of_process) for one in combinations})
    if free_memory() < processes * _MEMORY:
        reason = f"{processes} processes want {processes * _MEMORY / 2**30:.0f} GiB of memory"
        return Measurement(machine=machine, measured=now, failed=reason)
    try:
        result = race(combinations, settings={} if device is None else {"device": device})
    except (RaceError, OSError) as error:
        return Measurement(machine=machine, measured=now, failed=str(error))
    raced = [Raced(combination=one, rates=rates) for one, rates in result.rates.items()]
    return Measurement(machine=machine, measured=now, device=result.device, raced=raced)
