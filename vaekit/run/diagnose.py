"""`Run.diagnose`: what there is to know of a run, for the rules of `vaekit.diagnosis`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from vaekit.checkpoint import list_checkpoints
from vaekit.data import split
from vaekit.diagnosis import MOST, Diagnosis, Evidence, Look, diagnose
from vaekit.engine import Evaluation, Program, ProgramModel, averages_of
from vaekit.errors import RunError, UserError
from vaekit.metric import Measurement
from vaekit.model import Built, Parts, prior_draws, resolve_asked
from vaekit.options import options_of
from vaekit.pixels import WHITE
from vaekit.plugins import discover
from vaekit.registry import LOCAL
from vaekit.run.measuring import (
    build_metrics,
    measure,
    refuse_unfit_metrics,
)
from vaekit.run.restore import blueprint_of
from vaekit.run.run_images import RunImages
from vaekit.run_directory.directory import RunDirectory
from vaekit.run_directory.record import RunRecord
from vaekit.types import Images

if TYPE_CHECKING:
    from vaekit.run.run import Run

# The metric of the gap, of as few images, draws and steps as show a gap as large as the KL.
_GAP = "amortisation-gap"
_GAP_OPTIONS = {"images": 32, "draws": 4, "steps": 60, "learning_rate": 0.1}


def diagnose_run(
    run: Run,
    parts: Parts,
    built: Built,
    program_of: Callable[[], Program],
    images: RunImages,
    data: Any,
) -> Diagnosis:
    """See `Run.diagnose`. program_of: gives the program of the run's checkpoint."""
    dataset = run.dataset(data)
    config = run.config
    training, _ = split(
        dataset, share=config.validation_split, seed=config.seed, limit=config.limit
    )
    held_out = images.held_out_of(dataset, MOST).images
    look = Look(_Subject(run, program_of()), training, held_out)
    evidence = evidence_of(run.directory, run.record, run.history, parts, built, look)
    return diagnosis_of(run.path, run.record, evidence)


def diagnose_history(
    directory: RunDirectory,
    record: RunRecord,
    rows: Sequence[Mapping[str, float]],
    parts: Parts,
    built: Built,
) -> Diagnosis:
    """What history and record show, in no time: for the end of a training."""
    return diagnosis_of(directory.path, record, evidence_of(directory, record, rows, parts, built))


def diagnose_unloadable(directory: RunDirectory) -> Diagnosis | None:
    """What is wrong with a run that ended before it had weights; None for one that has some.

    Raises `RunError` for one that is under way, or has ended no epoch for another reason than that
    it diverged.
    """
    record = directory.read_record()
    with directory.held():  # or another process is training it
        rows = directory.read_history()
    if not rows and not directory.diverged.exists():
        raise RunError(
            f"{directory.path} has ended no epoch, so there is nothing to go by. Go on with it "
            "first."
        )
    if list_checkpoints(directory.checkpoints) and rows:
        return None
    blueprint = blueprint_of(record, discover().registry)
    return diagnose_history(directory, record, rows, blueprint.parts, blueprint.build())


def diagnosis_of(path: Path, record: RunRecord, evidence: Evidence) -> Diagnosis:
    """Every rule put to the evidence."""
    files = [part.source for part in record.parts.values() if part.distribution == LOCAL]
    return Diagnosis(
        run=path,
        evidence=evidence,
        findings=diagnose(evidence),
        source=record.data.reread,
        plugins=tuple(dict.fromkeys(file for file in files if file)),
    )


def evidence_of(
    directory: RunDirectory,
    record: RunRecord,
    rows: Sequence[Mapping[str, float]],
    parts: Parts,
    built: Built,
    look: Look | None = None,
) -> Evidence:
    """What is known of a run.

    built: its model, with any weights. look: at images and model, where that may take its time.
    """
    vae = built.vae
    models = (vae.encoder, vae.decoder)
    weights = [tuple(w.shape) for model in models for w in model.trainable_variables]
    layers = [layer for model in models for layer in model._flatten_layers()]
    return Evidence(
        config=record.config,
        image_shape=record.image_shape,
        training_images=record.data.training_images,
        rows=rows,
        kept_epoch=record.kept_epoch,
        needs=built.products["loss"].needs,
        latent=vae.latent,
        options={kind: options_of(part.component) for kind, part in parts.items()},
        kernels=[shape for shape in weights if len(shape) > 1],
        values=_values(record),
        diverged=_divergence(directory, record),
        batch_norm=any(isinstance(x, keras.layers.BatchNormalization) for x in layers),
        code_shape=vae.code_shape,
        look=look,
    )


def _divergence(directory: RunDirectory, record: RunRecord) -> str:
    """What was not finite when training ended, as a sentence; empty where all was."""
    if record.status != "failed" or not directory.diverged.exists():
        return ""
    return f"{(record.error or 'Training diverged').split('. ')[0]}."


def _values(record: RunRecord) -> tuple[float, float]:
    """The least and the greatest pixel of a run's data, in [0, 1]."""
    if len(record.data.range) != 2:
        return 0.0, 1.0
    low, high = record.data.range
    white = WHITE if isinstance(high, int) else 1
    return low / white, high / white


class _Subject:
    """A run, as a look needs it."""

    def __init__(self, run: Run, program: Program) -> None:
        self._run = run
        self._program = program
        self._model = ProgramModel(program, None, None)

    def score(self, images: Images) -> Mapping[str, np.ndarray]:
        return self._model.score(images)

    def decode(self, z: np.ndarray, labels: np.ndarray | None = None) -> np.ndarray:
        shape = (-1, *self._run.latent_shape)
        return self._model.decode(z.reshape(shape), labels)

    def posterior_draws(self, images: Images) -> np.ndarray:
        def draw(x: Any, labels: Any, seed: Any) -> dict[str, Any]:
            return {"z": self._model.infer(x, labels, seed).z}

        return self._model.over(draw, images)["z"]

    def prior_draws(self, count: int) -> np.ndarray | None:
        vae = self._program.vae
        if vae.prior_distribution() is None:
            return None
        labels = None
        if vae.condition is not None:
            labels = np.arange(count, dtype="int32") % vae.condition.classes
        return prior_draws(vae, count, 0, labels).reshape(count, -1)

    def amortisation_gap(self, images: Images) -> float | None:
        measurement = Measurement(self._model, images, training=lambda: images)
        names = {kind: part.name for kind, part in self._run.record.parts.items()}
        try:
            parts = resolve_asked("metric", _GAP, _GAP_OPTIONS, discover().registry)
            metrics = build_metrics(parts, self._run.model.image_shape, self._run.latent_dim)
            refuse_unfit_metrics(metrics, measurement, names)
        except UserError:  # a latent or a loss of which there is no such gap
            return None
        gap = measure(metrics[_GAP], measurement)["amortisation_gap"]
        return float(np.mean(gap.value))

    def loss_with_renewed_averages(self, images: Images, training: Images) -> tuple[float, float]:
        config = self._run.config
        evaluate = Evaluation(self._program, images)
        as_it_is = evaluate()["loss"]
        before = [np.array(v.numpy()) for v in self._program.vae.variables]
        averages_of(
            "precise",
            self._program,
            training,
            batch_size=config.batch_size,
            seed=config.seed,
        )()
        renewed = evaluate()["loss"]
        for variable, value in zip(self._program.vae.variables, before, strict=True):
            variable.assign(value)
        assert isinstance(as_it_is, float)
        assert isinstance(renewed, float)
        return as_it_is, renewed
