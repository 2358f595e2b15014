"""What is not as it was when a run began, and would keep it from going on to the bit."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from vaekit.checkpoint import Position
from vaekit.config import PART_FIELDS, TrainConfig, fields_with_effect
from vaekit.errors import OptionError, RunError, closest
from vaekit.optimizer import all_steps
from vaekit.recipes import RECIPES
from vaekit.registry import KIT, RUN_KINDS
from vaekit.run_directory.record import ChangeRecord, PartRecord, RunRecord
from vaekit.wording import option_text, worded

# Told by what they stand for: the parts and data that were found, the backend that runs.
_RESOLVED = ("data", "data_opt", "data_budget", "backend", "epochs", "patience")
_PACKAGES = ("vaekit", "keras", "numpy", "tensorflow", "jax", "torch")


class Change(NamedTuple):
    """One thing that differs: its name, as `--allow-change` takes it, and both values."""

    name: str
    was: Any
    now: Any


def find_changes(record: RunRecord, now: RunRecord) -> list[Change]:
    """What differs between a run's record and a record of what it would go on with."""
    before, after = _facts(record), _facts(now)
    changes = [
        Change(name, before.get(name), after[name])
        for name in after
        if before.get(name) != after[name]
    ]
    first, epochs = record.config.most_epochs, now.config.most_epochs
    # More may be asked for, unless the rate's curve would have been another from the start.
    curved = RECIPES[now.config.recipe].warmup is not None
    if epochs < first or (curved and epochs != first):
        changes.append(Change("epochs", first, epochs))
    patience = record.config.patience, now.config.patience
    if (patience[1] or math.inf) < (patience[0] or math.inf):
        changes.append(Change("patience", *patience))
    return changes


def refuse_changes(changes: Sequence[Change], allowed: Collection[str], run: Path) -> None:
    """Raise `RunError` with a list of those changes that aren't `allowed`.

    Raises `OptionError` if there is no change of an allowed name.
    """
    names = [name.replace("-", "_") for name in allowed]
    for name in names:
        if name not in _names():
            raise OptionError(f"There is no change {name!r} to allow. {closest(name, _names())}")
    refused = [change for change in changes if change.name not in names]
    if refused:
        lines = [f"  {change.name}: was {change.was}, is {change.now}" for change in refused]
        differing = [change.name for change in refused]
        allowing = worded(
            " ".join(f"--allow-change {name}" for name in differing), f"allow_change={differing}"
        )
        raise RunError(
            f"{run} can't go on as it began, since some things are not what they were:\n"
            + "\n".join(lines)
            + f"\nChange them back, or take them as they are: {allowing}"
        )


def refuse_spent_rate(config: TrainConfig, images: int, position: Position) -> None:
    """Raise `RunError` if a recipe's rate would have come to 0 before a run's last step.

    It counts the steps of a whole run of this config; those done in other batches, or on other
    data, may be more of them than was their share.
    """
    if RECIPES[config.recipe].warmup is None:
        return
    steps = all_steps(config, images)
    left = steps // config.most_epochs * (config.most_epochs - position.epoch) - position.step
    if position.steps + left > steps:
        raise RunError(
            f"The rate of {option_text('recipe', config.recipe)} is 0 after {steps} steps, "
            f"which such a run has; of this one {position.steps} are done, and {left} are to come. "
            "Keep its batch size and its data, or begin a new run."
        )


def record_changes(record: RunRecord, changes: Sequence[Change], steps: int) -> None:
    """Note in a run's record which changes were taken, when, and after how many steps."""
    when = datetime.now(UTC).isoformat(timespec="seconds")
    record.changes += [
        ChangeRecord(when=when, steps_done=steps, **change._asdict()) for change in changes
    ]


def _names() -> list[str]:
    return [*fields_with_effect("computed", "chosen"), *_PACKAGES, "machine"]


def _facts(record: RunRecord) -> dict[str, Any]:
    """All that decides what is computed, by the names that changes of it go by."""
    direct = set(fields_with_effect("computed")) - PART_FIELDS - {*_RESOLVED}
    facts = record.config.model_dump(mode="json", include=direct)
    for name, kind in RUN_KINDS.items():
        part = record.parts.get(name)
        facts[name] = part and _origin(part)
        # As JSON holds them: a record that was read has been through it.
        facts[kind.options_field] = json.loads(json.dumps(part.options)) if part else {}
    facts["data"] = record.data.fingerprint
    facts["backend"] = record.backend
    for package in ("vaekit", "keras", "numpy"):
        facts[package] = record.versions.get(package)
    if record.backend in record.versions:
        facts[record.backend] = record.versions[record.backend]
    # Left to the kit in a config; what it chose decides what is computed, down to the last bit. The
    # device does so, too: it is told with the machine.
    for name in fields_with_effect("chosen"):
        facts[name] = record.chosen(name)
    machine = record.machine
    if record.backend == "jax" and not machine.devices[0].startswith("cpu"):
        # Where steps run in a loop, those on images from a file are another program.
        streamed = record.chosen("data") == "streamed"
        facts["data_budget"] = "streamed" if streamed else "held"
    facts["machine"] = ", ".join([machine.processor, f"{machine.cores} cores", *machine.devices])
    return facts


def _origin(part: PartRecord) -> str:
    """A part's name and origin; the kit's own have the kit's version, which is told by itself."""
    if part.distribution == KIT:
        return f"{part.name} of {KIT}"
    return f"{part.name} of {part.distribution} {part.version}"
