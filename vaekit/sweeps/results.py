"""What a sweep has come to: its trials, and the best of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from vaekit.plugins import plugin_files
from vaekit.sweeps.axes import settings_of
from vaekit.sweeps.config import SweepConfig
from vaekit.train_command import train_command

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial

    from vaekit.sweeps.store import Store

TrialState = Literal["complete", "pruned", "failed", "unfinished"]
_STATES: dict[str, TrialState] = {"COMPLETE": "complete", "PRUNED": "pruned", "FAIL": "failed"}


@dataclass(frozen=True)
class SweptTrial:
    """One trial of a sweep.

    state: `pruned` of one that was ended before its last epoch; `failed`, and `why` says by what;
        `unfinished` of one that is under way, or was stopped and is to be gone on with.
    values: of the axes, by their names.
    value: of the metric: of the weights that are kept, or the last before it was pruned; None of
        one that has none.
    epochs: how many it was trained for.
    path: its run directory; there is none where its parts were refused.
    """

    number: int
    state: TrialState
    values: Mapping[str, Any]
    value: float | None
    epochs: int
    path: Path
    why: str = ""

    @property
    def name(self) -> str:
        """What its folder is called."""
        return self.path.name


@dataclass(frozen=True)
class Sweep:
    """A sweep as far as it has come.

    folder: where its runs are, which `vaekit.compare` and `vaekit.runs` read.
    config: what it was asked to be.
    trials: those that were begun, by number.
    stopped_by: the signal that stopped it, by its name; None if none did.
    """

    folder: Path
    config: SweepConfig
    trials: Sequence[SweptTrial]
    stopped_by: str | None = None

    @property
    def best(self) -> SweptTrial | None:
        """The complete trial with the best value; None before there is one."""
        return next(iter(self.ranked), None)

    @property
    def ranked(self) -> list[SweptTrial]:
        """The complete trials, the best first; of equal ones the first that was begun."""
        sign = -1.0 if self.config.better == "higher" else 1.0
        complete = [t for t in self.trials if t.state == "complete" and t.value is not None]
        return sorted(complete, key=lambda trial: sign * (trial.value or 0.0))

    @property
    def left(self) -> int:
        """How many trials have not come to an end."""
        ended = sum(trial.state != "unfinished" for trial in self.trials)
        return self.config.total - ended

    def settings(self, trial: SweptTrial) -> dict[str, Any]:
        """The fields of a trial's config: `vaekit.train(**sweep.settings(sweep.best))`."""
        return settings_of(self.config.run, trial.values)

    def command(self, trial: SweptTrial) -> str:
        """`vaekit train` with the settings of a trial, ready to be pasted into a shell."""
        return train_command(self.settings(trial), plugin_files())


def read_trial(store: Store, frozen: FrozenTrial) -> SweptTrial:
    """A trial as it is on the disk."""
    from vaekit.sweeps.store import EPOCHS, WHY

    return SweptTrial(
        number=frozen.number,
        state=_STATES.get(frozen.state.name, "unfinished"),
        values=frozen.params,
        value=frozen.value if frozen.state.is_finished() else None,
        epochs=int(frozen.user_attrs.get(EPOCHS, len(frozen.intermediate_values))),
        path=store.path_of(frozen.number),
        why=frozen.user_attrs.get(WHY, ""),
    )


def read_trials(store: Store) -> list[SweptTrial]:
    """The trials that were begun, by number."""
    return [read_trial(store, frozen) for frozen in store.trials()]
