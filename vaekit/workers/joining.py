"""How workers find one another, before their backend starts."""

from __future__ import annotations

import os
import platform
import socket
import time
from importlib import metadata
from typing import Any

from vaekit.errors import UserError
from vaekit.workers.collective import collective_of
from vaekit.workers.environment import Place, place_here
from vaekit.workers.group import ALONE, Group
from vaekit.workers.messages import Connection

# How long all others are waited for; machines of a cluster don't start at once.
SECONDS_VARIABLE = "VAEKIT_JOIN_SECONDS"
_SECONDS = 300.0
_PACKAGES = ("vaekit", "keras", "numpy")
_BACKENDS = {"tensorflow": "tensorflow", "jax": "jax", "torch": "torch"}

# What holds in this process: it joins one group, once, as its backend starts once.
_joined: list[Group] = []


def joined() -> Group:
    """The group that this process has joined, or none."""
    return _joined[0] if _joined else ALONE


def group_for(workers: int | None) -> Group:
    """The group that trains by so many workers; None leaves it to the environment."""
    return ALONE if workers == 1 else joined()


def start_together(workers: int | None, backend: str) -> None:
    """Join the other workers, if the environment says that there are some; `backend` starts next.

    Raises `UserError` if they don't come, or are not what this one is, and if the backend has
    started already.
    """
    place = place_here(workers)
    if place is None or _joined:
        return
    links, everybody = _meet(place, _about(backend))
    collective = collective_of(backend)
    collective.start(place, [worker["address"] for worker in everybody])
    _joined.append(Group(place, links, collective))


def _about(backend: str) -> dict[str, str]:
    """What must be equal on all workers, lest they compute something else each."""
    about = {"Python": platform.python_version(), "backend": backend}
    for package in (*_PACKAGES, _BACKENDS[backend]):
        try:
            about[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            about[package] = "none"
    return about


def _meet(place: Place, about: dict[str, str]) -> tuple[dict[int, Connection], list[Any]]:
    """Connections of this worker, and what each said of itself, by rank."""
    seconds = float(os.environ.get(SECONDS_VARIABLE) or _SECONDS)
    until = time.monotonic() + seconds
    hello: dict[str, Any] = {"rank": place.rank, "size": place.size, "about": about}
    if place.rank == 0:
        return _gathered(place, hello, until, seconds)
    link, own = _reached(place, until, seconds)
    hello["address"] = _free_address(own)
    try:
        link.limit(max(1.0, until - time.monotonic()) + 10.0)
        link.send_value(hello)
        answer = link.receive_value()
    except (OSError, ValueError) as error:
        raise UserError(
            f"Worker 0 at {place.host}:{place.port} ended before all {place.size} workers were "
            "there; its own error says why."
        ) from error
    link.limit(None)
    if "refused" in answer:
        raise UserError(answer["refused"])
    return {0: link}, answer["everybody"]


def _gathered(
    place: Place, hello: dict[str, Any], until: float, seconds: float
) -> tuple[dict[int, Connection], list[Any]]:
    links: dict[int, Connection] = {}
    hellos = {0: {**hello, "address": _free_address(place.host)}}
    with _listening(place) as server:
        while len(links) < place.size - 1:
            server.settimeout(max(0.01, until - time.monotonic()))
            try:
                link = Connection(server.accept()[0])
            except OSError:
                missing = ", ".join(str(r) for r in range(place.size) if r not in hellos)
                raise UserError(
                    f"Of {place.size} workers, {missing} did not come to {place.host}:{place.port} "
                    f"within {seconds:.0f} s. Did they start, and can they reach this machine? "
                    f"{SECONDS_VARIABLE} waits for longer."
                ) from None
            try:
                link.limit(5.0)
                other = link.receive_greeting()
                rank = other["rank"]
                if other["size"] != place.size or not 0 < rank < place.size or rank in links:
                    raise ValueError
                link.limit(None)
            except (OSError, ValueError, TypeError, KeyError):
                link.close()  # somebody else came by
                continue
            links[rank], hellos[rank] = link, other
    everybody = [hellos[rank] for rank in range(place.size)]
    refused = _difference(everybody)
    for link in links.values():
        link.send_value({"refused": refused} if refused else {"everybody": everybody})
    if refused:
        raise UserError(refused)
    return links, everybody


def _difference(everybody: list[Any]) -> str | None:
    """What is unequal among workers, as a sentence; None if nothing is."""
    first = everybody[0]["about"]
    for rank, worker in enumerate(everybody):
        for name, value in worker["about"].items():
            if first.get(name) != value:
                return (
                    f"All workers must run the same: worker 0 has {name} {first.get(name)}, and "
                    f"worker {rank} has {value}. Install the same on all machines."
                )
    return None


def _listening(place: Place) -> socket.socket:
    try:
        return socket.create_server((place.host, place.port))
    except OSError as error:
        raise UserError(
            f"Worker 0 can't listen at {place.host}:{place.port}: {error.strerror or error}. Set "
            "MASTER_ADDR to an address of its machine, and MASTER_PORT to a port that is free."
        ) from error


def _reached(place: Place, until: float, seconds: float) -> tuple[Connection, str]:
    """A connection to the first worker, and this machine's own address on it."""
    while True:
        try:
            link = socket.create_connection((place.host, place.port), timeout=5.0)
        except OSError as error:
            if time.monotonic() > until:
                raise UserError(
                    f"Worker 0 could not be reached at {place.host}:{place.port} within "
                    f"{seconds:.0f} s: {error.strerror or error}."
                ) from error
            time.sleep(0.1)
        else:
            return Connection(link), str(link.getsockname()[0])


def _free_address(host: str) -> str:
    """An address of this machine at which nobody listens yet; a backend will."""
    with socket.create_server((host, 0)) as server:
        port = server.getsockname()[1]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
