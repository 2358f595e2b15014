"""Weights & Biases: a run of a project, kept offline unless it is asked for online."""

from __future__ import annotations

import json
import os
import secrets
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

import vaekit
from vaekit.default_plugins.trackers.wandb_file import history_of, is_finished

_STEP = "step/"  # before the names of terms by step
_FLUSH = 1.0  # seconds until what was logged offline is on the disk; wandb's own are 15
_MOST_SECONDS = 10.0  # that it may take to close the file of an offline run


class Wandb(vaekit.Tracker):
    """Lines of history by the steps that are done; those of epochs have a column `epoch`.

    A resumed run has the same id, kept in `wandb.json` of the folder; offline it has a folder more
    for each time that it was resumed, which `wandb sync` puts together. A run that goes back behind
    what was logged begins a new one.
    """

    requires = ("wandb",)
    installed_by = "vaekit[wandb]"

    def __init__(self, mode: str, project: str, entity: str | None) -> None:
        self._offline = mode == "offline"
        self._project, self._entity = project, entity

    def start(self, run: vaekit.TrackedRun) -> None:
        os.environ.setdefault("WANDB_ERROR_REPORTING", "false")  # read when it is imported
        import wandb

        kept = run.folder / "wandb.json"
        self._wandb, self._of = wandb, run
        id_, last = "", 0
        if kept.exists():
            id_ = json.loads(kept.read_text(encoding="utf-8"))["run"]
            last = self._last_epoch_offline(id_)
        if not id_ or last > run.epoch:
            id_, last = secrets.token_hex(4), 0
            kept.write_text(json.dumps({"run": id_}) + "\n", encoding="utf-8")
        self._run = self._opened(id_)
        last = max(last, int(self._run.summary.get("epoch") or 0))
        self._defined: set[str] = set()
        for row in run.history:
            if row["epoch"] > last:
                self.epoch(int(row["epoch"]), int(row["epoch"]) * run.steps_an_epoch, row)

    def step(self, step: int, terms: Mapping[str, float]) -> None:
        self._run.log({_STEP + name: value for name, value in terms.items()}, step=step)

    def epoch(self, epoch: int, step: int, row: Mapping[str, float]) -> None:
        for name in row.keys() - self._defined - {"epoch"}:
            self._run.define_metric(name, step_metric="epoch")
        self._defined |= row.keys()
        # A step that is behind is refused, as that of what is measured at the end is.
        step = max(step, self._run.step)
        self._run.log({**row, "epoch": epoch}, step=step, commit=True)

    def results(self, epoch: int, results: vaekit.RunResults) -> None:
        wandb = self._wandb
        shown: dict[str, Any] = {}
        for path in results.pictures:
            moves = path.suffix == ".gif"
            medium = wandb.Video(str(path), format="gif") if moves else wandb.Image(str(path))
            shown[f"figures/{path.stem}"] = medium
        if results.report is not None:
            shown["report"] = wandb.Html(str(results.report), inject=False)
        if shown:
            self._run.log(shown)
        if results.models:
            models = wandb.Artifact(f"models-{self._run.id}", "model", metadata={"epoch": epoch})
            for path in results.models:
                models.add_file(str(path))
            self._run.log_artifact(models)

    def end(self, status: str) -> None:
        self._run.finish(exit_code=0 if status == "complete" else 1)
        if self._offline:
            self._wait_until_written()

    def _opened(self, id_: str) -> Any:
        """The run; where wandb's own process has died since an earlier one, by another process."""
        from wandb.sdk.mailbox import MailboxClosedError

        try:
            return self._initialised(id_)
        except (ConnectionError, MailboxClosedError):
            # With it, whatever other runs it had are lost. It may tell of its end by an exit.
            with suppress(Exception, SystemExit):
                self._wandb.teardown()
            return self._initialised(id_)

    def _initialised(self, id_: str) -> Any:
        """The run, told of nothing but what is asked for: no code, no machine, no output."""
        run = self._of
        self._opened_at = time.monotonic()
        settings = self._wandb.Settings(
            silent=True,
            console="off",
            disable_code=True,
            disable_git=True,
            x_disable_meta=True,
            x_disable_stats=True,
            x_save_requirements=False,
            x_transaction_log_flush_interval=_FLUSH,
        )
        return self._wandb.init(
            id=id_,
            resume="allow",
            reinit="create_new",  # a run of the user's own in this process is left alone
            mode="offline" if self._offline else "online",
            project=self._project,
            entity=self._entity,
            name=run.name,
            dir=str(run.folder),
            config={"options": dict(run.options), "parts": run.parts, "versions": run.versions},
            settings=settings,
        )

    def _wait_until_written(self) -> None:
        """Until the run can be resumed: wandb goes on writing its file after `finish`."""
        path = Path(self._run.settings.sync_file)
        deadline = time.monotonic() + _MOST_SECONDS
        while not is_finished(path) and time.monotonic() < deadline:
            time.sleep(_FLUSH / 10)
        # Folders are named by the second: the next one in this second would be the same.
        time.sleep(max(0.0, self._opened_at + 1 - time.monotonic()))

    def _last_epoch_offline(self, id_: str) -> int:
        files = self._of.folder.glob(f"wandb/offline-run-*-{id_}/*.wandb")
        lines = (line for path in files for line in history_of(path))
        return max((int(line.get("epoch", 0)) for line in lines), default=0)


def wandb(
    *,
    mode: Literal["offline", "online"] = "offline",
    project: str = "vaekit",
    entity: str | None = None,
) -> vaekit.Tracker:
    """A Weights & Biases run.

    Args:
        mode: offline keeps it in the run's folder, for `wandb sync`; online sends it, and needs
            `wandb login` or WANDB_API_KEY.
        project: its project.
        entity: whose project; none: your own.
    """
    return Wandb(mode, project, entity)
