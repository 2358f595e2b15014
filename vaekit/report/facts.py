"""What was trained, on what, with what, and what came of it, as rows of tables."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from vaekit.diagnosis import Diagnosis, changed_fields
from vaekit.diagnosis.diagnosis import ARRAYS
from vaekit.report.latent_data import kept_row
from vaekit.run import Run
from vaekit.train_command import train_command

TIMES = "\N{MULTIPLICATION SIGN}"
Rows = list[tuple[str, str]]


class Facts(NamedTuple):
    """Tables of two columns, and the command that trains the run again.

    model, data, result, versions: names with their values.
    """

    title: str
    summary: str
    command: str
    model: Rows
    data: Rows
    result: Rows
    versions: Rows


def facts_of(run: Run, diagnosis: Diagnosis) -> Facts:
    """What the record of a run says."""
    record = run.record
    parts = f" {TIMES} ".join(part.name for part in record.parts.values())
    source = record.data.source or record.data.used or "arrays"
    status = "" if record.status == "complete" else f"; {record.status}"
    return Facts(
        title=run.path.resolve().name,
        summary=f"{parts} on {source}, {record.training.epochs_done} epochs{status}",
        command=train_command(
            {**changed_fields(diagnosis.evidence, {}), "data": diagnosis.source or ARRAYS},
            diagnosis.plugins,
        ),
        model=_model(run),
        data=_data(run),
        result=_result(run),
        versions=_versions(run),
    )


def _model(run: Run) -> Rows:
    record, config = run.record, run.config
    rows = [
        (kind, f"{part.name} ({part.distribution} {part.version}){_options(part.options)}")
        for kind, part in record.parts.items()
    ]
    weights = sum(math.prod(weight.shape) for weight in run.model.trainable_variables)
    rows += [
        ("image", f" {TIMES} ".join(map(str, run.image_shape))),
        ("z", f" {TIMES} ".join(map(str, run.latent_shape))),
        ("weights", f"{weights:,}"),
        ("recipe", config.recipe),
        ("epochs", str(config.epochs)),
        ("batch size", str(config.batch_size)),
        ("learning rate", f"{config.learning_rate:g}"),
        ("seed", str(config.seed)),
        ("precision", config.precision),
    ]
    if config.condition is not None:
        rows.append(("condition", f"{config.condition}, {config.condition_code}"))
    return rows


def _data(run: Run) -> Rows:
    data, config = run.record.data, run.config
    rows = [
        ("source", data.source or data.used or "arrays"),
        ("training images", f"{data.training_images:,}"),
        ("held-out images", f"{data.validation_images:,}, {data.validation or 'none'}"),
        ("pixels", data.type),
        ("fingerprint", data.fingerprint),
    ]
    if data.classes:
        classes = ", ".join(f"{name}: {count:,}" for name, count in list(data.classes.items())[:20])
        rows.append(("classes", classes + (", ..." if len(data.classes) > 20 else "")))
    if data.resized:
        rows.append(("size", data.resized))
    if config.augment:
        rows.append(("augmented by", ", ".join(config.augment)))
    if config.binarize:
        rows.append(("black and white", config.binarize))
    if data.skipped:
        rows.append(("left out", f"{len(data.skipped):,} files that can't be read"))
    return rows


def _result(run: Run) -> Rows:
    record = run.record
    rows = [
        ("status", record.status),
        ("begun", record.created.replace("T", " ")),
        ("trained", f"{record.training.epochs_done} epochs, {record.training.seconds:,.0f} s"),
    ]
    if record.kept_epoch:
        rows.append(("weights", f"of epoch {record.kept_epoch}"))
    kept = kept_row(run)
    rows += [
        (f"{name}, held-out", f"{kept[f'val_{name}']:.5g}")
        for name in (*kept, "mse", "psnr")
        if f"val_{name}" in kept and not name.startswith("kl_dim_")
    ]
    if record.error:
        rows.append(("ended by", record.error))
    return rows


def _versions(run: Run) -> Rows:
    record = run.record
    machine = record.machine
    return [
        *record.versions.items(),
        ("backend", record.backend),
        ("system", machine.system),
        ("processor", f"{machine.processor}, {machine.cores} cores"),
        ("devices", ", ".join(machine.devices)),
        *(
            (change.name, f"{change.was} to {change.now} at step {change.steps_done}")
            for change in record.changes
        ),
    ]


def _options(options: Mapping[str, Any]) -> str:
    return "".join(f", {name}={value}" for name, value in options.items())
