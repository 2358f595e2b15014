"""What is told of a run while it trains: trackers, which pass it on to where people look.

A tracker is no part of the run: nothing that it does changes what is trained, and one that fails is
left alone while training goes on.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from vaekit.types import Images

if TYPE_CHECKING:
    import numpy as np

Ending = Literal["complete", "interrupted", "failed"]


class TrackedRun(NamedTuple):
    """What a tracker is told of a run before it trains.

    name: what people call it, the name of its directory. path: the directory.
    folder: for what this tracker keeps of the run, such as the id that it has elsewhere; a run that
        is resumed finds it as it was left. It is there.
    options: the run's options by name, those of parts as `encoder_opt.width`; texts, numbers,
        booleans and None.
    parts: by kind, `name@distribution version`.
    versions: of Python, Keras, the backend and others, by name.
    steps_an_epoch: how many steps make an epoch.
    epoch, step: how many are behind it: 0 of a run that begins. Whatever was told of later ones
        was lost, and comes again.
    history: the lines of the epochs until there, as `history.csv` has them. A process that was
        killed may not have told the last of them, or none, if the run had no tracker.
    """

    name: str
    path: Path
    folder: Path
    options: Mapping[str, Any]
    parts: Mapping[str, str]
    versions: Mapping[str, str]
    steps_an_epoch: int
    epoch: int = 0
    step: int = 0
    history: Sequence[Mapping[str, float]] = ()


class RunResults(NamedTuple):
    """What a run that is complete has made.

    pictures: PNG and GIF files, in the order of their names. report: the page of the run, where it
        has one. models: the saved `.keras` files.
    images: some held-out ones, with labels if they have any; None where there are none.
    points: the z that stands for each, flat, `(N, D)`, float32. classes: names of their labels, in
        order; None where the source names none.
    """

    pictures: Sequence[Path] = ()
    report: Path | None = None
    models: Sequence[Path] = ()
    images: Images | None = None
    points: np.ndarray | None = None
    classes: tuple[str, ...] | None = None


class Tracker(ABC):
    """What passes on how a run trains.

    It is called on a thread of its own, one call after the other, so that it can't hold training
    up. Whatever it raises is warned of and recorded, and nothing more is told to it.

    requires: modules that it imports; without one of them the run is refused before it trains.
    installed_by: what pip is told to install for them, such as `vaekit[mlflow]`.
    takes_back: whether it can forget, when a run is resumed, what it was told of later epochs and
        steps. One that can't is told of them once a checkpoint holds them: they can't be lost then.
    """

    requires: tuple[str, ...] = ()
    installed_by: str = ""
    takes_back: bool = False

    @abstractmethod
    def start(self, run: TrackedRun) -> None:
        """Training begins, or goes on."""

    @abstractmethod
    def epoch(self, epoch: int, step: int, row: Mapping[str, float]) -> None:
        """An epoch is over, the first being 1, `step` steps after the run began.

        row: its line of `history.csv`. What is measured at a run's end comes as a line of the epoch
            whose weights are kept, with nothing else in it.
        """

    def step(self, step: int, terms: Mapping[str, float]) -> None:  # noqa: B027
        """`step` steps are done; `terms` are means over the images of this epoch until there.

        It comes once a call of the engine, which takes many steps: about twice a second.
        """

    def results(self, epoch: int, results: RunResults) -> None:  # noqa: B027
        """The run is complete, and keeps the weights of this epoch."""

    @abstractmethod
    def end(self, status: Ending) -> None:
        """Nothing more comes, unless the run is resumed."""
