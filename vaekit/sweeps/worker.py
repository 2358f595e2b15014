"""One process's share of a sweep: a trial after the other, until none is left."""

from __future__ import annotations

import math
import time
import traceback
import warnings
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from vaekit.atomic import remove_folder, write_text
from vaekit.checkpoint import list_checkpoints
from vaekit.config import TrainConfig, about
from vaekit.errors import DamagedError, DataError, RunError, UserError, VaekitError, VaekitWarning
from vaekit.interrupt import Interrupt
from vaekit.run_directory import RunDirectory, RunRecord
from vaekit.sweeps.axes import settings_of
from vaekit.sweeps.lines import trial_line
from vaekit.sweeps.one_run import begun_without_record, train_one
from vaekit.sweeps.results import read_trials
from vaekit.sweeps.store import Claim, State, Store

if TYPE_CHECKING:
    from vaekit.trainer import Session

PRUNING = "pruning"
# A trial whose process dies so often without a checkpoint in between is given up.
_MOST_STARTS = 5


class Outcome(NamedTuple):
    """What became of a trial. state: None of one that was stopped, and is to be gone on with."""

    state: State | None
    value: float | None = None
    epochs: int = 0
    why: str = ""


def work(store: Store, data: Any, interrupt: Interrupt, say: Callable[[str], None]) -> None:
    """Train trials until none is left, or `interrupt` asks to stop; say a line of each.

    A trial that its parts refuse, that diverges or that fails otherwise is noted as failed with the
    reason, and the next one comes.

    Raises what keeps all trials from being trained: no room, data that can't be read.
    """
    while not interrupt.requested:
        claim = store.claim()
        if claim is None:
            return
        began = time.monotonic()
        try:
            outcome = _outcome(store, claim, data)
            if outcome.state is None:
                store.stopped()
                return
            store.tell(claim, outcome.state, outcome.value, outcome.epochs, outcome.why)
        finally:
            store.put_back(claim)
        say(
            trial_line(
                read_trials(store),
                claim.number,
                total=store.config.total,
                metric=store.config.metric,
                seconds=time.monotonic() - began,
            )
        )


def _outcome(store: Store, claim: Claim, data: Any) -> Outcome:
    """Train a trial, unless it was ended before its process was."""
    path = store.path_of(claim.number)
    if claim.pruned:  # and its process ended before it could say so
        return Outcome("pruned", epochs=max(claim.reported, default=0))
    if begun_without_record(path):
        remove_folder(path)
    directory = RunDirectory(path)
    checkpoints = list_checkpoints(directory.checkpoints) if path.exists() else []
    reached = checkpoints[-1].name if checkpoints else ""
    if store.started(reached) > _MOST_STARTS:
        place = f"after {reached}" if reached else "before its first checkpoint"
        return Outcome("failed", why=f"Its process ended {_MOST_STARTS} times {place}.")
    try:
        return _trained(store, claim, data)
    except DamagedError as error:
        if not path.exists():
            raise
        warnings.warn(VaekitWarning(f"Trained anew, {path}: {error}"), stacklevel=2)
        remove_folder(path)
        return _trained(store, claim, data)


def _trained(store: Store, claim: Claim, data: Any) -> Outcome:
    path = store.path_of(claim.number)
    directory = RunDirectory(path)
    if (directory.diverged / "step.json").exists():
        return Outcome("failed", why=directory.read_record().error or "Training diverged.")
    # Pictures of many trials take longer than many trials; `vaekit report` draws them of any run.
    # What is measured beside other trials says nothing, and the process has started.
    fixed = {"figures": False, "autotune": "off", **store.config.run}
    try:
        config = TrainConfig.checked(
            {**settings_of(fixed, claim.values), "out": str(path)}, where=f"trial {claim.number}"
        )
        record = train_one(config, data, progress=False, prepare=_judged(store, claim))
    except Exception as error:
        if _ends_all(error, store):
            raise
        if not isinstance(error, VaekitError):
            return Outcome("failed", why=_unexpected(store, claim, error))
        return Outcome("failed", why=str(error))
    return _of_record(store, directory, record)


def _judged(store: Store, claim: Claim) -> Callable[[Session], None]:
    """Has a session tell the store of each epoch, and end where the trial is to be pruned."""
    metric, reported = store.config.metric, set(claim.reported)

    measures = bool(store.config.run.get("metric")) or "metric" in store.config.axes_by_name

    def note(row: Mapping[str, Any]) -> None:
        value = row.get(metric)
        if value is None and not measures:  # then no later epoch will have it either
            raise UserError(_lacking(metric, row))
        if value is not None and row["epoch"] not in reported:
            store.report(row["epoch"], float(value))
            reported.add(row["epoch"])

    def stop_after(row: Mapping[str, Any]) -> str | None:
        note(row)
        return PRUNING if store.config.pruning is not None and store.to_prune() else None

    def prepare(session: Session) -> None:
        for row in session.rows:
            note(row)
        session.stop_after = stop_after

    return prepare


def _of_record(store: Store, directory: RunDirectory, record: RunRecord) -> Outcome:
    """What a trained run came to, by what is written of it."""
    rows = directory.read_history()
    epochs = record.training.epochs_done
    if record.status != "complete":
        return Outcome("pruned" if record.stopped_by == PRUNING else None, epochs=epochs)
    metric = store.config.metric
    row = next((row for row in rows if row["epoch"] == record.kept_epoch), {})
    if metric not in row:
        return Outcome("failed", epochs=epochs, why=_lacking(metric, row))
    value = row[metric]
    if not math.isfinite(value):
        return Outcome("failed", epochs=epochs, why=f"Its {metric} is {value}.")
    return Outcome("complete", value, epochs)


def _lacking(metric: str, row: Mapping[str, Any]) -> str:
    names = ", ".join(name for name in row if name.startswith("val_") and "kl_dim" not in name)
    return f"Its history has no {metric} to judge it by; it has {names}."


def _ends_all(error: Exception, store: Store) -> bool:
    """Whether what a trial failed by is none of its own doing."""
    if isinstance(error, DataError):
        varied = {name.partition(".")[0] for name in store.config.axes_by_name}
        return not any(about(name, "group") == "data" for name in varied)
    return isinstance(error, RunError) or (
        isinstance(error, VaekitError) and not isinstance(error, UserError)
    )


def _unexpected(store: Store, claim: Claim, error: Exception) -> str:
    """What is told of an error that nobody foresaw; all of it is kept in a file."""
    path = store.folder / f"{store.path_of(claim.number).name}.error.txt"
    write_text(path, "".join(traceback.format_exception(error)))
    first = (str(error) or "no reason").splitlines()[0]
    return f"{type(error).__name__}: {first} ({path} has all of it.)"
