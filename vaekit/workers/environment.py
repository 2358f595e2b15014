"""Which of how many workers this process is, as its environment says.

torchrun's variables: RANK, WORLD_SIZE, LOCAL_RANK, MASTER_ADDR, MASTER_PORT. A step of Slurm's has
SLURM_PROCID, SLURM_NTASKS and SLURM_LOCALID in place of the first three.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import NamedTuple

from vaekit.errors import UserError
from vaekit.wording import option_text


class Place(NamedTuple):
    """A worker's number, from 0, among how many, which on its machine; and where the first listens.

    local_rank: which of its machine's GPUs it takes, where it sees several.
    """

    rank: int
    size: int
    local_rank: int
    host: str
    port: int


_TORCHRUN = ("RANK", "WORLD_SIZE", "LOCAL_RANK")
_SLURM = ("SLURM_PROCID", "SLURM_NTASKS", "SLURM_LOCALID")


def place_here(workers: int | None, environ: Mapping[str, str] = os.environ) -> Place | None:
    """This process's place, or None where it is alone.

    workers: how many were asked for; None leaves it to the environment. Slurm's variables count
        only where as many were asked for: a script that Slurm runs once has them as well.

    Raises `UserError` if the environment has other workers than were asked for, or its variables
    make no sense.
    """
    if workers == 1:
        return None
    names = _TORCHRUN if "RANK" in environ and "WORLD_SIZE" in environ else None
    in_step = "SLURM_STEP_ID" in environ and environ.get("SLURM_NTASKS") == str(workers)
    if names is None and in_step:
        names = _SLURM
    if names is None:
        return None
    rank, size = (_number(environ, name) for name in names[:2])
    if size == 1 and workers is None:
        return None
    if workers not in (None, size):
        raise UserError(
            f"{option_text('workers', workers)} asks for {workers}, and {names[1]} says that there "
            f"are {size}: ask for as many as were started, or leave it out."
        )
    if not rank < size:
        raise UserError(f"{names[0]} is {rank}, of {size} workers that are counted from 0.")
    if "MASTER_ADDR" not in environ or "MASTER_PORT" not in environ:
        raise UserError(
            f"{names[1]} says that there are {size} workers; set MASTER_ADDR and MASTER_PORT to "
            "where the first of them is to listen."
        )
    port = _number(environ, "MASTER_PORT")
    # There, torchrun listens itself.
    port += "TORCHELASTIC_RUN_ID" in environ
    local = _number(environ, names[2]) if names[2] in environ else 0
    return Place(rank, size, local, environ["MASTER_ADDR"], port)


def _number(environ: Mapping[str, str], name: str) -> int:
    text = environ[name]
    if not text.isdecimal():
        raise UserError(f"{name} is {text!r} in the environment, and should be a number.")
    return int(text)
