"""Kill the processes of a sweep at one moment after another until it is done; no Keras is loaded.

`python killed.py FOLDER FIRST BY`: of each sweep below, the first process is killed with SIGKILL at
the FIRST moment of its life, right before a lock, a file or a call of Optuna's storage, the next
one BY moments later, and each goes on with what was left. What is trained is a sleep. Prints how
many were killed of each.
"""

from __future__ import annotations

import itertools
import os
import signal
import sys
import time
import traceback
from pathlib import Path
from typing import NoReturn

import optuna

import vaekit
from vaekit.sweeps import checks, start, worker
from vaekit.sweeps.worker import Outcome

SWEEPS = {
    "grid": {"sampler": "grid", "axes": {"latent_dim": [2, 3], "seed": [0, 1]}},
    "tpe": {
        "sampler": "tpe",
        "trials": 4,
        "axes": {
            "latent_dim": {"low": 2, "high": 64},
            "learning_rate": {"low": 1e-4, "high": 1e-2},
        },
    },
}
_CALLS = ("create_new_trial", "set_trial_param", "set_trial_user_attr", "set_trial_state_values")


class Fuse:
    """Kills this process at the `moment`-th moment from now on."""

    def __init__(self, moment: int, folder: Path) -> None:
        self.left = moment
        self.folder = str(folder)
        sys.addaudithook(self.audited)
        storage = optuna.storages.RDBStorage
        for name in _CALLS:
            setattr(storage, name, self.around(getattr(storage, name)))

    def audited(self, event: str, arguments: tuple[object, ...]) -> None:
        if event in ("fcntl.flock", "sqlite3.connect") or (
            event in ("open", "os.mkdir", "os.remove", "os.rmdir")
            and str(arguments[0]).startswith(self.folder)
        ):
            self.burn()

    def around(self, call):
        def wrapped(*args, **kwargs):
            self.burn()
            result = call(*args, **kwargs)
            self.burn()
            return result

        return wrapped

    def burn(self) -> None:
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def trained(store, claim, data):
    """A trial that two processes at once would be found out in."""
    path = store.folder.with_name(f"{store.folder.name}-{claim.number}")
    if path.exists() and _alive(int(path.read_text() or 0)):
        raise AssertionError(f"{claim.number} is trained twice at once")
    path.write_text(str(os.getpid()))
    store.report(1, 0.5)
    time.sleep(0.01)
    return Outcome("complete", float(claim.number), 1)


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    return process not in (0, os.getpid())


def child(moment: int, folder: Path, sampler: str) -> NoReturn:
    code = 1
    try:
        Fuse(moment, folder)
        vaekit.sweep(SWEEPS[sampler], out=folder, progress=False)
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def main(folder: Path, first: int, by: int) -> None:
    start._start_backend = lambda *_: None
    checks.refuse_impossible = lambda *_: None
    worker._trained = trained
    worker._MOST_STARTS = 10**6
    optuna.storages.RDBStorage("sqlite://")  # imports what takes long, once
    for sampler in SWEEPS:
        print(sampler, kill_until_done(folder / sampler, sampler, first, by))


def kill_until_done(folder: Path, sampler: str, first: int, by: int) -> int:
    killed = 0
    for moment in itertools.count(first, by):
        processes = []
        for _ in range(1 + (moment % 4 == 0)):  # now and then two at once
            process = os.fork()
            if not process:
                child(moment, folder, sampler)
            processes.append(process)
        codes = [os.waitstatus_to_exitcode(os.waitpid(each, 0)[1]) for each in processes]
        assert set(codes) <= {0, -signal.SIGKILL}, codes
        killed += codes.count(-signal.SIGKILL)
        if 0 in codes:
            return killed
    raise AssertionError


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(int, sys.argv[2:]))
