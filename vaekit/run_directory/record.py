"""`run.json` as one typed value: what was asked for, with what, on what, and how far it came.

It is checked once, where it is read. Format 1, of vaekit 0.1, is read as well; it lacked what has
a default here.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from vaekit.checkpoint import Position
from vaekit.config import TrainConfig
from vaekit.errors import DamagedError, RunError
from vaekit.registry import Component
from vaekit.run_directory.older_records import of_now
from vaekit.startup import Choice

if TYPE_CHECKING:
    from vaekit.model import Parts

FORMAT: Literal[2] = 2
Status = Literal["running", "complete", "interrupted", "failed"]


class _Entry(BaseModel):
    # What a later vaekit adds is kept when the record is written again.
    model_config = ConfigDict(extra="allow")

    def __getitem__(self, name: str) -> Any:
        """A field by its name in `run.json`: vaekit 0.1 gave a run's record as a dict."""
        if name not in type(self).model_fields and name not in (self.model_extra or {}):
            raise KeyError(name)
        return getattr(self, name)


class PartRecord(_Entry):
    """Whose a part is, and its options.

    source: the file that it came from, where there is no distribution.
    """

    name: str
    distribution: str
    version: str
    source: str = ""
    options: dict[str, Any] = Field(default_factory=dict)

    @classmethod
    def of(cls, part: Component, options: dict[str, Any] | None = None) -> PartRecord:
        """The record of a part with these options."""
        return cls(
            name=part.name,
            distribution=part.distribution,
            version=part.version,
            source=part.source,
            options=options or {},
        )


class SplitRecord(_Entry):
    """How many images a split of the source has, and their height, width and channels."""

    count: int
    shape: list[int]


class DataRecord(_Entry):
    """What a run was trained on.

    asked: as the user gave it. used: what was taken. reread: the same, to be read from any folder.
    All three are None where arrays were given. part: the registered data set, if it was one.
    fallback: whether it stands in for what couldn't be had. type: how the source keeps its pixels.
    scale: which value of each type is white; it holds for all images that come to the run later.
    condition_classes: how many classes a condition tells apart; None in a run without one.
    factors: how many values each factor of the images has, by its name.
    resized: how the images came to their size. skipped: files that were left out since they can't
    be read, with the reasons.
    """

    asked: str | None = None
    used: str | None = None
    reread: str | None
    part: PartRecord | None = None
    fallback: bool = False
    fingerprint: str
    training_images: int
    validation_images: int = 0
    validation: str = ""
    class_names: list[str] | None = None
    source: str = ""
    train: SplitRecord | None = None
    test: SplitRecord | None = None
    type: str
    scale: dict[str, int] = Field(default_factory=dict)
    range: list[int | float] = Field(default_factory=list)
    classes: dict[str, int] | None = None
    condition_classes: int | None = None
    factors: dict[str, int] = Field(default_factory=dict)
    resized: str = ""
    skipped: dict[str, str] = Field(default_factory=dict)


class MachineRecord(_Entry):
    """Where a run is made."""

    system: str
    processor: str
    cores: int | None
    devices: list[str]


class ChoiceRecord(_Entry):
    """What was chosen for the machine, and why, as half a sentence."""

    value: str
    why: str


class TrainingRecord(_Entry):
    """How far training has come.

    seconds: spent in epochs. last_epoch: its line in the history. best: `epoch` and `steps` of the
    best epoch by held-out images, and its `val_elbo`, or `val_loss` where there is no ELBO.
    stopped_early: whether patience ended training.
    """

    epochs_done: int = 0
    steps_done: int
    seconds: float = 0.0
    last_epoch: dict[str, Any] | None = None
    best: dict[str, Any] | None = None
    stopped_early: bool = False

    @field_validator("last_epoch", "best")
    @classmethod
    def _tells_which(cls, value: dict[str, Any] | None) -> dict[str, Any] | None:
        if value is not None and not isinstance(value.get("epoch"), int):
            raise ValueError("it doesn't say which epoch")
        return value


class MetricsRecord(_Entry):
    """What metrics gave of the validation images, the last time that they were asked.

    epoch: of whose weights. seed: what was drawn by it. parts: which they are, by the names that
    they were asked for; so are all others. figures: the fields of `vaekit.Estimate`, by name.
    failed: why a metric gave none.
    """

    epoch: int
    seed: int
    parts: dict[str, PartRecord]
    figures: dict[str, dict[str, dict[str, Any]]]
    failed: dict[str, str] = Field(default_factory=dict)


class TrackerRecord(_Entry):
    """A tracker that is told of the run. failed: why it was told no more; None if it was."""

    part: PartRecord
    failed: str | None = None


class ChangeRecord(_Entry):
    """A change that was taken when the run was resumed: of what, when, and both values."""

    when: str
    steps_done: int
    name: str
    was: Any
    now: Any


class RunRecord(_Entry):
    """The record of one run.

    loss_variables: the shapes of the loss's own variables, by their paths.
    models_left_out: files of saved models that the run doesn't have, with the reason of each.
    stopped_by: of an interrupted run, the signal that stopped it, by its name; the exception, where
        a program's own handler raised one; or `pruning`, by a sweep.
    """

    format: Literal[1, 2] = FORMAT
    status: Status
    created: str = ""
    image_shape: tuple[int, int, int]
    seed: int = 0
    config: TrainConfig
    parts: dict[str, PartRecord]
    loss_variables: dict[str, list[int]] = Field(default_factory=dict)
    models_left_out: dict[str, str] = Field(default_factory=dict)
    data: DataRecord
    backend: str
    versions: dict[str, str]
    machine: MachineRecord
    choices: dict[str, ChoiceRecord] = Field(default_factory=dict)
    training: TrainingRecord = Field(default_factory=lambda: TrainingRecord(steps_done=0))
    metrics: MetricsRecord | None = None
    trackers: dict[str, TrackerRecord] = Field(default_factory=dict)
    changes: list[ChangeRecord] = Field(default_factory=list)
    error: str | None = None
    stopped_by: str | None = None

    def chosen(self, name: str) -> str | None:
        """The value of a choice; None if the record holds none of that name."""
        choice = self.choices.get(name)
        return None if choice is None else choice.value

    @property
    def kept_epoch(self) -> int:
        """The epoch whose weights the run keeps: its best where it has a patience, else its last.

        0 where it has done none.
        """
        training = self.training
        kept = training.best if self.config.patience is not None else None
        return int((kept or training.last_epoch or {"epoch": 0})["epoch"])

    def reached(
        self, position: Position, rows: list[dict[str, Any]], best: Any, *, stopped_early: bool
    ) -> None:
        """Note how far training has come, with the history until there."""
        self.training = TrainingRecord(
            epochs_done=position.epoch,
            steps_done=position.steps,
            seconds=round(sum(row["seconds"] for row in rows), 3),
            last_epoch=rows[-1] if rows else None,
            best=best,
            stopped_early=stopped_early,
        )

    def as_json(self) -> dict[str, Any]:
        """Plain values, as `run.json` holds them."""
        seldom = ("error", "stopped_by", "metrics", "trackers")
        absent = {name for name in seldom if not getattr(self, name)}
        return self.model_dump(mode="json", exclude=absent)


def record_parts(parts: Parts) -> dict[str, PartRecord]:
    """The record of each part, by kind."""
    return {kind: PartRecord.of(part.component, part.options) for kind, part in parts.items()}


def record_choices(choices: Iterable[Choice]) -> dict[str, ChoiceRecord]:
    """Choices by name."""
    return {choice.name: ChoiceRecord(value=choice.value, why=choice.why) for choice in choices}


def parse_record(values: Any, where: str) -> RunRecord:
    """The record that `where`, a file, holds.

    Raises `DamagedError` for a damaged one, `RunError` for one of another format, `OptionError` if
    it holds options that this vaekit doesn't know.
    """
    if not isinstance(values, dict) or values.get("format") not in (1, FORMAT):
        raise RunError(f"{where} is not a run record that this vaekit can read.")
    if isinstance(values.get("config"), dict):
        values = of_now(values)
        values = {**values, "config": TrainConfig.checked(values["config"], where=where)}
    try:
        record = RunRecord.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        field = "/".join(map(str, first["loc"]))
        if first["type"] == "missing":
            raise DamagedError(f"{where} is damaged: it has no {field}.") from None
        raise DamagedError(f"{where} is damaged: {field}: {first['msg']}.") from None
    missing = [kind for kind in record.config.parts if kind not in record.parts]
    if missing:
        raise DamagedError(f"{where} is damaged: it has no parts/{missing[0]}.")
    return record
