"""TensorBoard: an event file, and the codes of held-out images for its projector."""

from __future__ import annotations

from collections.abc import Mapping

import vaekit
from vaekit.default_plugins.trackers import event_values as values
from vaekit.default_plugins.trackers.event_file import EventFile
from vaekit.default_plugins.trackers.projector import write_projector

_STEP = "step/"  # before the names of terms by step
_ABOUT = "about"
_EVERY_EPOCH = "seconds"  # a column that each epoch's line has


class TensorBoard(vaekit.Tracker):
    """Scalars by epoch under the names that `history.csv` has, those by step under `step/`.

    Numbers are in single precision, as TensorBoard's are. Nothing of TensorFlow is used.
    """

    requires = ("tensorboard",)
    installed_by = "vaekit[tensorboard]"
    takes_back = True

    def start(self, run: vaekit.TrackedRun) -> None:
        self._run = run
        self._events = EventFile(run.folder, self._stays)
        if self._events.last(_ABOUT) is None:
            about = [values.session_start(run.options, run.name), values.text(_ABOUT, _table(run))]
            self._events.write(about, 0)
        last = self._events.last(_EVERY_EPOCH) or 0
        for row in run.history:
            if row["epoch"] > last:
                self.epoch(int(row["epoch"]), 0, row)
        self._events.flush()

    def step(self, step: int, terms: Mapping[str, float]) -> None:
        self._events.write([values.scalar(_STEP + name, terms[name]) for name in terms], step)
        self._events.flush()

    def epoch(self, epoch: int, step: int, row: Mapping[str, float]) -> None:
        columns = [name for name in row if name != "epoch"]
        self._events.write([values.scalar(name, row[name]) for name in columns], epoch)
        self._events.flush()

    def results(self, epoch: int, results: vaekit.RunResults) -> None:
        for path in results.pictures:
            shown = values.picture(f"figures/{path.stem}", path.read_bytes())
            self._events.write([shown], epoch)
        if results.images is not None and results.points is not None:
            write_projector(self._run.folder, results.images, results.points, results.classes)

    def end(self, status: str) -> None:
        self._events.write([values.session_end(status)], 0)
        self._events.close()

    def _stays(self, tag: str, at: int) -> bool:
        """Whether what was written before the run was resumed still holds."""
        if tag == values.SESSION_ENDS:
            return False
        return at <= (self._run.step if tag.startswith(_STEP) else self._run.epoch)


def _table(run: vaekit.TrackedRun) -> str:
    """Parts and versions, as Markdown."""
    rows = {**run.parts, **run.versions}
    lines = [f"| {name} | {value} |" for name, value in rows.items()]
    return "\n".join([f"| {run.name} | |", "|---|---|", *lines])


def tensorboard() -> vaekit.Tracker:
    """TensorBoard's files, in the run: `tensorboard --logdir RUN`, or a folder of runs."""
    return TensorBoard()
