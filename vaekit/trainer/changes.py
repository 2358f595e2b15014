"""What is not as it was when a run began, and would keep it from going on to the bit."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from vaekit.checkpoint import Position
from vaekit.config import TrainConfig
from vaekit.errors import OptionError, RunError, closest
from vaekit.optimizer import all_steps
from vaekit.recipes import RECIPES
from vaekit.startup import chosen

_KINDS = ("encoder", "decoder", "loss")
# Told by what they stand for, or of no effect on what is computed.
_OTHERWISE = (
    *(*_KINDS, *(f"{kind}_opt" for kind in _KINDS)),
    *("data", "data_budget", "backend", "epochs"),
)
_FREE = (
    "out",
    "checkpoint_every",
    "step_log",
    "figures",
    "gif",
    "steps_per_call",
    "allocator",
    "device",
)
# Left to the kit in a config; what it chose decides what is computed, down to the last bit. The
# device does so, too: the machine is told with it.
_CHOSEN = ("threads", "onednn", "compile")
_PACKAGES = ("vaekit", "keras", "numpy", "tensorflow", "jax", "torch")


class Change(NamedTuple):
    """One thing that differs: its name, as `--allow-change` takes it, and both values."""

    name: str
    was: Any
    now: Any


def find_changes(
    record: Mapping[str, Any],
    config: TrainConfig,
    described: Mapping[str, Any],
) -> list[Change]:
    """What differs between a run's record and what it would go on with.

    config: what is asked for now. described: what a record of that would say of parts, data,
    backend, versions, machine and choices.
    """
    before = _facts(TrainConfig.checked(record["config"]), record)
    now = _facts(config, described)
    changes = [Change(name, before[name], now[name]) for name in now if before[name] != now[name]]
    asked = record["config"]["epochs"]
    # More may be asked for, unless the rate's curve would have been another from the start.
    curved = RECIPES[config.recipe].warmup is not None
    if config.epochs < asked or (curved and config.epochs != asked):
        changes.append(Change("epochs", asked, config.epochs))
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
        flags = " ".join(f"--allow-change {change.name}" for change in refused)
        raise RunError(
            f"{run} can't go on as it began, since some things are not what they were:\n"
            + "\n".join(lines)
            + f"\nChange them back, or take them as they are: {flags}"
        )


def refuse_spent_rate(config: TrainConfig, images: int, position: Position) -> None:
    """Raise `RunError` if a recipe's rate would have come to 0 before a run's last step.

    It counts the steps of a whole run of this config; those done in other batches, or on other
    data, may be more of them than was their share.
    """
    if RECIPES[config.recipe].warmup is None:
        return
    steps = all_steps(config, images)
    left = steps // config.epochs * (config.epochs - position.epoch) - position.step
    if position.steps + left > steps:
        raise RunError(
            f"The rate of --recipe {config.recipe} is 0 after {steps} steps, which such a run has; "
            f"of this one {position.steps} are done, and {left} are to come. Keep its batch size "
            "and its data, or begin a new run."
        )


def record_changes(record: dict[str, Any], changes: Sequence[Change], steps: int) -> None:
    """Note in a run's record which changes were taken, when, and after how many steps."""
    when = datetime.now(UTC).isoformat(timespec="seconds")
    record.setdefault("changes", []).extend(
        {"when": when, "steps_done": steps, **change._asdict()} for change in changes
    )


def _names() -> list[str]:
    options = [name for name in TrainConfig.model_fields if name not in _FREE]
    return [*options, *_PACKAGES, "machine"]


def _facts(config: TrainConfig, described: Mapping[str, Any]) -> dict[str, Any]:
    """All that decides what is computed, by the names that changes of it go by."""
    values = config.model_dump(mode="json", exclude={*_OTHERWISE, *_CHOSEN, *_FREE})
    for kind in _KINDS:
        part = described["parts"][kind]
        values[kind] = _part(part)
        # As JSON holds them: the record's have been through it.
        values[f"{kind}_opt"] = json.loads(json.dumps(part["options"]))
    values["data"] = described["data"]["fingerprint"]
    backend, versions = described["backend"], described["versions"]
    values["backend"] = backend
    for package in ("vaekit", "keras", "numpy"):
        values[package] = versions.get(package)
    if backend in versions:
        values[backend] = versions[backend]
    for name in _CHOSEN:
        values[name] = chosen(described, name)
    machine = described["machine"]
    if backend == "jax" and not machine["devices"][0].startswith("cpu"):
        # Where steps run in a loop, those on images from a file are another program.
        streamed = chosen(described, "data") == "streamed"
        values["data_budget"] = "streamed" if streamed else "held"
    values["machine"] = ", ".join(
        [machine["processor"], f"{machine['cores']} cores", *machine["devices"]]
    )
    return values


def _part(part: Mapping[str, Any]) -> str:
    """A part's name and origin; the kit's own have the kit's version, which is told by itself."""
    if part["distribution"] == "vaekit":
        return f"{part['name']} of vaekit"
    return f"{part['name']} of {part['distribution']} {part['version']}"
