"""Metrics of the validation images while a run trains: every few epochs, and at its end."""

from __future__ import annotations

import warnings
from collections.abc import Collection
from functools import cached_property
from typing import Any

from vaekit.config import TrainConfig
from vaekit.engine import Program, ProgramModel
from vaekit.errors import VaekitError, VaekitWarning
from vaekit.metric import Measurement
from vaekit.model import Part, Parts, latent_space
from vaekit.run import (
    MetricsRecord,
    PartRecord,
    as_plain,
    build_metrics,
    measure,
    refuse_unfit_metrics,
)
from vaekit.trainer.sources import Source

Row = dict[str, Any]


class EpochMetrics:
    """Asked after each epoch; nothing that training goes by is moved.

    record: what they gave the last time; None before.
    """

    def __init__(
        self,
        config: TrainConfig,
        metrics: dict[str, Part],
        program: Program,
        parts: Parts,
        source: Source,
        record: MetricsRecord | None = None,
    ) -> None:
        """Raises `UserError` for a metric that can't measure this run, before it trains."""
        vae = program.vae
        self.record = record
        self._config, self._program, self._source = config, program, source
        self._metrics = build_metrics(metrics, vae.image_shape, vae.latent_dim)
        if self._metrics:
            names = {kind: part.name for kind, part in parts.items()}
            refuse_unfit_metrics(self._metrics, self._measurement, names)

    def due(self, epoch: int) -> bool:
        """Whether they are asked after this epoch, which counts from 1."""
        every = self._config.metric_every
        return epoch == self._config.most_epochs or (every is not None and epoch % every == 0)

    def lacking(self, epoch: int) -> bool:
        """Whether there are metrics, and what they gave is of the weights of another epoch."""
        return bool(self._metrics) and (self.record is None or self.record.epoch != epoch)

    def measured(self, epoch: int, taken: Collection[str]) -> Row:
        """Their numbers as columns of the history, `val_` before each name.

        A metric that fails is warned of, and the record says why: it ends no training.

        taken: columns that there are; the metric's name is put before a figure of such a name.
        """
        row: Row = {}
        if not self._metrics:
            return row
        figures, failed = {}, {}
        for name, built in self._metrics.items():
            try:
                figures[name] = as_plain(measure(built, self._measurement))
            except VaekitError as error:
                failed[name] = str(error)
                message = f"Not measured after epoch {epoch} by {name!r}: {error}"
                warnings.warn(VaekitWarning(message), stacklevel=2)
                continue
            for column, value in _columns(figures[name]).items():
                own = f"val_{column}"
                if own in taken or own in row:
                    own = f"val_{built.part.name.replace('-', '_')}_{column}"
                row[own] = value
        self.record = MetricsRecord(
            epoch=epoch,
            seed=self._config.seed,
            parts={n: PartRecord.of(p.component, p.options) for n, (p, _) in self._metrics.items()},
            figures=figures,
            failed=failed,
        )
        return row

    @cached_property
    def _measurement(self) -> Measurement:
        source = self._source
        names = source.record.class_names
        return Measurement(
            model=_model(self._program),
            images=source.validation,
            training=lambda: source.train,
            classes=None if names is None else tuple(names),
            factors=source.factors,
            seed=self._config.seed,
        )


def _model(program: Program) -> ProgramModel:
    """The model as it is trained. A sampler is fitted after training: samples are the prior's."""
    space = latent_space(program.vae)
    if space.prior_law() is None:
        return ProgramModel(program, None, None)
    return ProgramModel(
        program, lambda count, seed, labels: space.prior_draws(count, seed, 1.0, labels), "prior"
    )


def _columns(figures: dict[str, dict[str, Any]]) -> Row:
    """Values by name, lists spread as the history has them; without what isn't finite."""
    row: Row = {}
    for name, figure in figures.items():
        value = figure["value"]
        spread = {name: value}
        if isinstance(value, list):
            spread = {f"{name}_{at}": item for at, item in enumerate(value)}
        row |= {column: item for column, item in spread.items() if item is not None}
    return row
