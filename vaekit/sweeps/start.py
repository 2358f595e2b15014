"""Beginning a sweep, or going on with it: `vaekit.sweep`."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from os import PathLike
from pathlib import Path
from typing import Any

from vaekit.config import TrainConfig
from vaekit.errors import UserError, VaekitError
from vaekit.interrupt import Interrupt
from vaekit.plugins import parts_named, refuse_parts_of_calls
from vaekit.startup import select_backend, with_keras_defaults
from vaekit.sweeps.config import SweepConfig, read_sweep
from vaekit.sweeps.extra import require_extra
from vaekit.sweeps.results import Sweep, read_trials
from vaekit.wording import option_text


@with_keras_defaults
def sweep(
    source: str | PathLike[str] | Mapping[str, Any],
    *,
    out: str | PathLike[str] | None = None,
    jobs: int = 1,
    metric: str | None = None,
    data: Any = None,
    progress: bool = True,
) -> Sweep:
    """Train a run for each of many settings, and give what they came to.

    source: a TOML file, or the same as a mapping: `run`, fields of `vaekit.TrainConfig` that are
        fixed; `axes`, those that vary, with a list of values or a range `{low, high, log, step}`;
        `sampler`, "grid", "random" or "tpe", and of the last two how many `trials`; `pruning`, by
        successive halving, as `true` or `{min_epochs, reduction}`; `metric` and its `direction`.
    out: the folder of the runs; by default `runs/` and the name of the file. Where it holds this
        sweep, it is gone on with: what was cut goes on from its checkpoint, what ended stays.
        Several processes may share it.
    jobs: processes that train at once. One is this process; of several, each has the parts that
        are installed or come from files (`vaekit.load_plugin`), and none that a call registered.
    metric: the column of the history that trials are judged by, instead of the source's.
    data: an array `(N, H, W[, C])` or the like to train on, instead of what the source names; for
        one process alone, and to be passed again to go on.
    progress: whether to print a line of each trial.

    Raises `vaekit.UserError` for what can't be done as asked, before anything is trained; or in
    a folder of another sweep.
    """
    require_extra()
    config, where = read_sweep(source, metric)
    if jobs < 1:
        raise UserError(f"{option_text('jobs', jobs)} trains nothing; choose 1 or more.")
    if jobs > 1 and data is not None:
        raise UserError("Arrays stay in this process: save them and name the file, or use jobs=1.")
    if jobs > 1:
        refuse_parts_of_calls(_parts_of(config))
    folder = Path(out or f"runs/{Path(where).stem if where else 'sweep'}")
    say = _printed if progress else _unsaid
    with Interrupt() as interrupt:
        if jobs > 1:
            store = _in_processes(config, where, folder, jobs, interrupt, say)
        else:
            store = _in_process(config, where, folder, data, interrupt, say)
        return Sweep(folder, store.config, read_trials(store), interrupt.stopped_by)


def _parts_of(config: SweepConfig) -> Iterator[tuple[str, str]]:
    """Kinds and names of the parts of all trials."""
    yield from parts_named(config.run)
    for name, axis in config.axes_by_name.items():
        yield from parts_named({name: axis.values})


def _in_process(
    config: SweepConfig,
    where: str,
    folder: Path,
    data: Any,
    interrupt: Interrupt,
    say: Callable[[str], None],
) -> Any:
    from vaekit.sweeps.store import Store

    store = Store(folder)
    if store.exists:
        store.begin(config, where)
        if not store.left:
            return store  # and nothing has to be started
    _start_backend(config, where)
    from vaekit.sweeps.checks import refuse_impossible
    from vaekit.sweeps.worker import work

    refuse_impossible(config, where)
    store.begin(config, where)
    work(store, data, interrupt, say)
    return store


def _in_processes(
    config: SweepConfig,
    where: str,
    folder: Path,
    jobs: int,
    interrupt: Interrupt,
    say: Callable[[str], None],
) -> Any:
    from vaekit.sweeps.processes import train_in_processes
    from vaekit.sweeps.store import Store

    store = Store(folder)
    store.begin(config, where)
    if not store.left:
        return store
    try:
        train_in_processes(folder, where, jobs, interrupt, say)
    except UserError:
        store.discard()
        raise
    return store


def work_for_parent(folder: str, where: str, messages: int) -> None:
    """What a process that another one started does for it: train trials, until none is left.

    where: what to call the sweep's source in errors. messages: a file descriptor, to tell the
    parent by that the sweep was checked, and of an error.

    It stops as by a signal when its standard input ends, as it does with the parent.
    """
    from vaekit.sweeps.messages import READY, tell_error, tell_parent
    from vaekit.sweeps.store import Store

    with Interrupt() as interrupt, os.fdopen(messages, "w", encoding="utf-8") as parent:
        threading.Thread(target=_stop_with_parent, daemon=True).start()
        try:
            store = Store(Path(folder))
            store.open()
            _start_backend(store.config, where)
            from vaekit.sweeps.checks import refuse_impossible
            from vaekit.sweeps.worker import work

            refuse_impossible(store.config, where)
            tell_parent(parent, READY)
            work(store, None, interrupt, _printed)
        except VaekitError as error:
            tell_error(parent, error)


def _start_backend(config: SweepConfig, where: str) -> None:
    """Start the backend as all trials have it, before a part's code imports Keras."""
    names = ("backend", "device", "threads", "allocator", "onednn")
    values = {name: config.run[name] for name in names if name in config.run}
    of_process = TrainConfig.checked(values, where=f"{where}, run")
    select_backend(of_process.backend, of_process.settings)


def _stop_with_parent() -> None:
    while os.read(0, 1):  # unbuffered: Python ends badly with a thread in a buffer of its own
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def _printed(line: str) -> None:
    with suppress(OSError, ValueError):  # nobody can read it: the work goes on
        print(line, flush=True)


def _unsaid(line: str) -> None:
    """For who wants no lines."""
