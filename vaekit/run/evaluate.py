"""`Run.evaluate`: what a run makes of held-out images, and what metrics make of the run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from vaekit.counted_progress import counted_progress
from vaekit.engine import Evaluation, Program, ProgramModel
from vaekit.errors import UserError
from vaekit.metric import Measurement
from vaekit.model import resolve_asked
from vaekit.plugins import discover
from vaekit.run.measuring import (
    Metrics,
    as_plain,
    build_metrics,
    measure,
    refuse_unfit_metrics,
)
from vaekit.run.provenance import own_data
from vaekit.run.run_images import RunImages
from vaekit.run.samplers import drawn
from vaekit.types import Images

if TYPE_CHECKING:
    from vaekit.run.run import Run


class Asked(NamedTuple):
    """Which metrics, with which options, against which other source, by which seed."""

    metrics: str | Sequence[str]
    options: Mapping[str, Any]
    against: Any
    seed: int


def evaluate(
    run: Run,
    program_of: Callable[[], Program],
    run_images: RunImages,
    asked: Asked,
    data: Any,
    limit: int | None,
    *,
    skip_bad: bool,
    progress: bool,
) -> dict[str, Any]:
    """See `Run.evaluate`. program_of: gives the program of the run's checkpoint."""
    registry = discover().registry
    parts = resolve_asked("metric", asked.metrics, asked.options, registry)
    metrics = build_metrics(parts, run.model.image_shape, run.latent_dim)
    dataset = run_images.as_read(data, skip_bad=skip_bad, progress=progress)
    images, split, source, classes = run_images.held_out_of(dataset, limit)
    against = None
    if asked.against is not None:
        against = run_images.held_out(
            asked.against, limit, skip_bad=skip_bad, progress=progress
        ).images

    def training() -> Images:
        """The run's own, wherever they can be read again; else those to train on of `data`."""
        own = own_data(run.record, registry)
        return run_images.training(
            data if own is None else None, skip_bad=skip_bad, progress=progress
        )

    program = program_of()
    measurement = Measurement(
        model=_model(run, program, metrics),
        images=images,
        training=training,
        against=against,
        classes=classes,
        factors=dataset.factors,
        seed=asked.seed,
    )
    names = {kind: part.name for kind, part in run.record.parts.items()}
    refuse_unfit_metrics(metrics, measurement, names)
    result = {"data": source, "split": split, "images": len(images.pixels)}
    result |= Evaluation(program, images)()
    if metrics:
        result["metrics"] = measured = {}
        for name, built in metrics.items():
            with metric_progress(name, shown=progress) as begin:
                measured[name] = as_plain(measure(built, measurement._replace(progress=begin)))
    return result


@contextmanager
def metric_progress(
    metric: str, *, shown: bool
) -> Iterator[Callable[[str, int], Callable[[int], None]]]:
    """What a metric says by how far it is: see `Measurement.progress`. The last is shown."""
    with ExitStack() as shown_now:

        def begin(text: str, total: int) -> Callable[[int], None]:
            shown_now.pop_all().close()
            what = f"{metric}: {text}"
            return shown_now.enter_context(counted_progress(what, total, shown)).advance

        yield begin


def _model(run: Run, program: Program, metrics: Metrics) -> ProgramModel:
    """The run's model, with the run's sampler where a metric needs samples.

    Raises `UserError` where nothing can be drawn.
    """
    wanting = [name for name, (_, metric) in metrics.items() if "samples" in metric.needs]
    if not wanting:
        return ProgramModel(program, None, None)
    try:
        part, sampler = run.sampler()
    except UserError as error:
        raise type(error)(f"The metric {wanting[0]!r} needs samples. {error}") from error
    return ProgramModel(
        program,
        lambda count, seed, labels: drawn(program.vae, part, sampler, count, seed, 1.0, labels),
        part.name,
    )
