"""What a run tells its trackers of itself, before it trains and when it is complete."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from vaekit.data import take
from vaekit.engine import Program, ProgramModel
from vaekit.errors import from_os_error
from vaekit.run import RunDirectory, RunRecord
from vaekit.tracker import RunResults, TrackedRun
from vaekit.types import Images

_MOST_IMAGES = 1000  # held-out ones, with their z


def tracked_run(
    tracker: str,
    directory: RunDirectory,
    record: RunRecord,
    rows: Sequence[Mapping[str, Any]],
    *,
    steps_an_epoch: int,
) -> TrackedRun:
    """The run as one of its trackers is told of it, whose folder is made.

    Raises `RunError` if it can't be.
    """
    folder = directory.tracking / tracker
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise from_os_error(error, folder) or error from error
    return TrackedRun(
        name=directory.path.resolve().name,
        path=directory.path.resolve(),
        folder=folder.resolve(),
        options=_options(record),
        parts={
            kind: f"{part.name}@{part.distribution} {part.version}".rstrip()
            for kind, part in record.parts.items()
        },
        versions=record.versions,
        steps_an_epoch=steps_an_epoch,
        epoch=record.training.epochs_done,
        step=record.training.steps_done,
        history=tuple(dict(row) for row in rows),
    )


def run_results(
    directory: RunDirectory, program: Program, held_out: Images, classes: Sequence[str] | None
) -> RunResults:
    """What lies in a complete run, and where its encoder puts some held-out images."""
    pictures = (*directory.figures.glob("*.png"), *directory.figures.glob("*.gif"))
    report = directory.report
    results = RunResults(
        pictures=_absolute(pictures),
        report=report.resolve() if report.exists() else None,
        models=_absolute(directory.path.glob("*.keras")),
        classes=None if classes is None else tuple(classes),
    )
    images = take(held_out, slice(_MOST_IMAGES))
    if not len(images.pixels):
        return results
    points = ProgramModel(program, None, None).points(images)
    return results._replace(images=images, points=points.reshape(len(points), -1))


def _absolute(paths: Any) -> tuple[Path, ...]:
    return tuple(sorted(path.resolve() for path in paths))


def _options(record: RunRecord) -> dict[str, Any]:
    """The config by name; options of parts as `encoder_opt.width`."""
    plain = record.config.model_dump(mode="json")
    options: dict[str, Any] = {}
    for name, value in plain.items():
        if isinstance(value, dict):
            options |= {f"{name}.{option}": _scalar(item) for option, item in value.items()}
        else:
            options[name] = _scalar(value)
    return options


def _scalar(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)
