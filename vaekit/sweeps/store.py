"""The trials of a sweep on the disk: who has which, and what became of each.

Optuna keeps them in SQLite. Each access is made under a lock on the folder, so that SQLite never
finds its file in use, and what two processes would do at once (a point of a grid twice, two trials
drawn by the same random state) can't be.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Literal, NamedTuple

import optuna
from optuna.trial import FrozenTrial, Trial, TrialState
from sqlalchemy.exc import SQLAlchemyError

from vaekit.errors import NoRoomError, RunError, from_os_error
from vaekit.sweeps.claims import Claims
from vaekit.sweeps.config import SweepConfig, refuse_unlike
from vaekit.sweeps.search import pruner_of, sampler_of
from vaekit.wording import option_text

DATABASE = "sweep.db"
_STUDY = "sweep"
# What is kept of the study, and of a trial, beside what Optuna keeps.
_CONFIG, WHY, EPOCHS, _PRUNED, _STARTS = "config", "why", "epochs", "pruned", "starts"

State = Literal["complete", "pruned", "failed"]
STATES: dict[State, TrialState] = {
    "complete": TrialState.COMPLETE,
    "pruned": TrialState.PRUNED,
    "failed": TrialState.FAIL,
}


class Claim(NamedTuple):
    """A trial that this process trains.

    reported: the epochs after which its value is known. pruned: whether it was to end before its
    last one. Both are of an earlier start.
    """

    number: int
    values: dict[str, Any]
    reported: frozenset[int]
    pruned: bool


class Store:
    """The trials of the sweep in a folder, one of which at a time is this object's."""

    config: SweepConfig
    _study: optuna.Study
    _trial: Trial

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._claims = Claims(folder)

    @property
    def exists(self) -> bool:
        """Whether the folder holds a sweep already."""
        return (self.folder / DATABASE).exists()

    @property
    def left(self) -> int:
        """How many trials have not come to an end."""
        return self.config.total - sum(trial.state.is_finished() for trial in self.trials())

    def begin(self, config: SweepConfig, where: str) -> None:
        """Make the folder, or go on with the sweep that it holds.

        Raises `RunError` if it can't be had, or holds something else; `UserError` if it is of
        another sweep than `config`, which was read from `where`.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise from_os_error(error, self.folder) or error from error
        with self._access():
            if not self.exists and any(self.folder.iterdir()):
                raise RunError(
                    f"{self.folder} holds something else than a sweep. Choose another "
                    f"{option_text('out')}."
                )
            storage = self._storage()
            text = _text_of(storage)
            if text != config.as_text():
                if text is not None and self._has_begun(storage):
                    refuse_unlike(config, text, where, self.folder)
                _begin_anew(storage, config)
            self._open(storage)

    def discard(self) -> None:
        """Take away what `begin` made, if no trial has left anything."""
        with self._access():
            if self._has_begun(self._storage()):
                return
            (self.folder / DATABASE).unlink(missing_ok=True)
            self._claims.remove()
            with suppress(OSError):  # there is something else in it
                self.folder.rmdir()

    def open(self) -> None:
        """Take part in the sweep that the folder holds.

        Raises `RunError` if it holds none.
        """
        if not self.exists:
            raise RunError(f"{self.folder} holds no sweep: there is no {DATABASE} in it.")
        with self._access():
            self._open(self._storage())

    def claim(self) -> Claim | None:
        """The next trial that nobody trains; None if there is none left.

        First come those that were begun by a process that is no more.
        """
        with self._access():
            trials = self._study.get_trials(deepcopy=False)
            for frozen in trials:
                if frozen.state is TrialState.RUNNING and self._claims.take(frozen.number):
                    return self._claimed(frozen.number, Trial(self._study, frozen._trial_id))
            number = len(trials)
            if not any(frozen.state is TrialState.WAITING for frozen in trials):
                if number == self.config.total:
                    return None
                if self.config.sampler == "grid":
                    self._study.enqueue_trial(self.config.grid_point(number))
            self._study.sampler = sampler_of(self.config, number)
            trial = self._study.ask()
            self._claims.take(trial.number)
            return self._claimed(trial.number, trial)

    def _claimed(self, number: int, trial: Trial) -> Claim:
        """The claim of a trial; it draws the values that a process that died may not have drawn."""
        self._trial = trial
        self._study.sampler = sampler_of(self.config, number)
        values = {n: axis.suggest(trial) for n, axis in self.config.axes_by_name.items()}
        frozen = self._study.get_trials(deepcopy=False)[number]
        reported = frozenset(frozen.intermediate_values)
        return Claim(number, values, reported, bool(frozen.user_attrs.get(_PRUNED)))

    def started(self, reached: str) -> int:
        """Note that the trial starts where it had come to; give how often it has from there."""
        with self._access():
            before, count = self._trial.user_attrs.get(_STARTS, [reached, 0])
            count = count + 1 if before == reached else 1
            self._trial.set_user_attr(_STARTS, [reached, count])
            return int(count)

    def report(self, epoch: int, value: float) -> None:
        """Note the trial's value after an epoch, which counts from 1."""
        with self._access():
            self._trial.report(value, epoch)

    def to_prune(self) -> bool:
        """Whether the trial is to end here, by what others had come to; so it is then noted."""
        with self._access():
            pruned = self._trial.should_prune()
            if pruned:
                self._trial.set_user_attr(_PRUNED, True)
            return bool(pruned)

    def tell(self, claim: Claim, state: State, value: float | None, epochs: int, why: str) -> None:
        """Note what became of the trial, and give it back."""
        with self._access():
            self._trial.set_user_attr(EPOCHS, epochs)
            if why:
                self._trial.set_user_attr(WHY, why)
            value = value if state == "complete" else None
            self._study.tell(self._trial, value, state=STATES[state])
            self._claims.let_go(claim.number)

    def stopped(self) -> None:
        """Note that the trial was stopped from without: it is none that ends its process."""
        with self._access():
            self._trial.set_user_attr(_STARTS, ["", 0])

    def put_back(self, claim: Claim) -> None:
        """Give the trial back as it is, if it wasn't told of: the next to claim goes on with it."""
        with self._claims.alone():
            self._claims.let_go(claim.number)

    def trials(self) -> list[FrozenTrial]:
        """All trials that were begun, by number."""
        with self._access():
            return self._study.get_trials(deepcopy=False)

    def path_of(self, number: int) -> Path:
        """The run directory of a trial."""
        return self.folder / f"trial-{number:03d}"

    def _open(self, storage: optuna.storages.BaseStorage) -> None:
        text = _text_of(storage)
        if text is None:
            raise RunError(f"{self.folder} holds a sweep that hasn't begun. Start it by its file.")
        self.config = SweepConfig.from_text(text)
        self._study = optuna.load_study(
            study_name=_STUDY, storage=storage, pruner=pruner_of(self.config)
        )

    def _storage(self) -> optuna.storages.BaseStorage:
        return optuna.storages.RDBStorage(f"sqlite:///{(self.folder / DATABASE).resolve()}")

    def _has_begun(self, storage: optuna.storages.BaseStorage) -> bool:
        """Whether a trial has left something that another sweep would not have."""
        trials = optuna.load_study(study_name=_STUDY, storage=storage).get_trials(deepcopy=False)
        return any(t.state.is_finished() or self.path_of(t.number).exists() for t in trials)

    @contextmanager
    def _access(self) -> Iterator[None]:
        """While entered, the database is this process's alone, and Optuna logs no news.

        Raises `NoRoomError` or `RunError` if it can't be read or written.
        """
        verbosity = optuna.logging.get_verbosity()
        with self._claims.alone():
            optuna.logging.set_verbosity(optuna.logging.WARNING)
            try:
                yield
            except (SQLAlchemyError, optuna.exceptions.StorageInternalError) as error:
                reason = str(error.__cause__ or error).splitlines()[0]
                database = self.folder / DATABASE
                if "disk is full" in reason:
                    raise NoRoomError(f"No room left to write {database}. Free some.") from error
                raise RunError(f"{database} can't be used: {reason}.") from error
            finally:
                optuna.logging.set_verbosity(verbosity)


def _text_of(storage: optuna.storages.BaseStorage) -> str | None:
    """The config of the sweep in a database, as text; None where there is none yet."""
    studies = {study.study_name: study for study in storage.get_all_studies()}
    return studies[_STUDY].user_attrs.get(_CONFIG) if _STUDY in studies else None


def _begin_anew(storage: optuna.storages.BaseStorage, config: SweepConfig) -> None:
    if _STUDY in [study.study_name for study in storage.get_all_studies()]:
        optuna.delete_study(study_name=_STUDY, storage=storage)
    study = optuna.create_study(
        storage=storage,
        study_name=_STUDY,
        direction="maximize" if config.better == "higher" else "minimize",
    )
    study.set_user_attr(_CONFIG, config.as_text())
