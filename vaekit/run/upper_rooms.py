"""Methods of `Run` that open rooms above this one: outliers, report, export, explorer, serving.

`Run` has them under their names. What they need is imported when they are called, since those rooms
know this one.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vaekit.startup import refuse_fork, with_keras_defaults

if TYPE_CHECKING:
    from vaekit.explorer.explorer import Explorer
    from vaekit.export import Export
    from vaekit.outliers import Calibration, Outliers
    from vaekit.run.run import Run
    from vaekit.serving.service import Service


@with_keras_defaults
def calibrate(
    run: Run,
    data: Any = None,
    score: str = "elbo",
    *,
    options: Mapping[str, Any] | None = None,
    alpha: float = 0.01,
    split: str = "held-out",
    limit: int | None = None,
    trained_on: Any = None,
    leave_out_trained: bool = False,
    seed: int = 0,
    skip_bad: bool = False,
    progress: bool = False,
) -> Calibration:
    """Score normal images, so that `outliers` can tell others from them; it is saved.

    By split-conformal p-values: an image that comes from where the calibration images came
    from is called an outlier with a probability of alpha at most. Several scores may be
    calibrated; one of the same name is replaced.

    data: a data source or arrays, of normal images that the run wasn't trained on; None is the
        run's own, of which the held-out images are taken.
    score: `elbo`, `reconstruction`, `regret` or `latent`. options: those of the score.
    alpha: the least share of false alarms that will be asked for.
    split: which images of the source: `held-out` as `evaluate` takes them, `train`
        or `test`. limit: only the first so many of them.
    trained_on: what the run was trained on, where it can't be read again by itself.
    leave_out_trained: go on without images that the run was trained on, instead of refusing.
    seed: of what the score draws. skip_bad, progress: as for `vaekit.load_data`.

    Raises `UserError` for a score that the run's parts don't have, for too few images, and for
    images that the run was trained on.
    """
    refuse_fork()
    room = import_module("vaekit.outliers")
    asked = room.asked(
        score, options or {}, alpha=alpha, seed=seed, leave_out_trained=leave_out_trained
    )
    return room.calibrate(
        run,
        run._images,
        asked,
        data,
        (split, limit),
        trained_on,
        skip_bad=skip_bad,
        progress=progress,
    )


@with_keras_defaults
def outliers(
    run: Run,
    images: Any,
    labels: Any = None,
    *,
    alpha: float = 0.01,
    score: str | None = None,
    maps: bool = False,
    progress: bool = False,
) -> Outliers:
    """The score and the p-value of each image, and which of them are outliers.

    images, labels: as for `encode`.
    alpha: the share of normal images that may be called outliers.
    score: which of those that `calibrate` was asked for; may be left out where there is one.
    maps: tell where in each image the score comes from, too.

    Raises `RunError` for a run that isn't calibrated, or was before its weights changed,
    `UserError` where there are fewer calibration images than alpha needs.
    """
    refuse_fork()
    find_outliers = import_module("vaekit.outliers").find_outliers
    taken = run._images.taken(images, labels)
    return find_outliers(run, taken, alpha, score, maps=maps, progress=progress)


@with_keras_defaults
def report(
    run: Run,
    out: str | PathLike[str] | None = None,
    *,
    data: Any = None,
    images: int | None = None,
    live: bool = False,
    skip_bad: bool = False,
    progress: bool = False,
) -> Path:
    """Write the run on one page, `report.html` in its directory or `out`; give its path.

    One file of HTML, which needs no network: what was trained, curves, the latent map with the
    held-out images in it, pictures, diagnosis.

    data: a data source or arrays, whose held-out images are shown; None is the run's own.
    images: how many of them at most; None is 2,000. skip_bad, progress: as for
        `vaekit.load_data`.
    live: put the decoder into the page, so that the reader's browser decodes any place of the
        map. It needs `vaekit[onnx]`.

    Raises `RunError` for a run that another process writes into, or that is damaged;
    `UserError` for `out` of another ending, or a decoder that no page can have.
    """
    refuse_fork()
    write_report = import_module("vaekit.report").write_report
    return write_report(
        run, out, data=data, images=images, live=live, skip_bad=skip_bad, progress=progress
    )


def export(
    run: Run,
    format: str,
    part: str = "all",
    *,
    quantize: str | None = None,
    out: str | PathLike[str] | None = None,
    data: Any = None,
    skip_bad: bool = False,
    progress: bool = False,
) -> Export:
    """Write parts of the model for another runtime, each held against Keras on real images.

    The folder has a file a part and `export.json`: names, shapes and types of inputs and
    outputs, how images are scaled, classes, differences, and a SHA-256 of each file.

    format: `onnx`, `litert`, `savedmodel` or `openvino`.
    part: `encoder`, images -> `z`; `posterior`, images -> what the latent tells of them;
        `decoder`, `z` -> images; `vae`, images and `noise` -> `reconstruction`; or `all`.
    quantize: `float16` or `int8` for the weights, where the format has it.
    out: a folder, by default `exports/FORMAT` in the run's; other parts that are there stay.
    data: a source or arrays, whose held-out images it is checked on; None is the run's own.
    skip_bad, progress: as for `vaekit.load_data`.

    Raises `UserError`, and leaves nothing behind, where the runtime isn't installed or lacks an
    operation, or a value differs by more than the precision allows.
    """
    export_run = import_module("vaekit.export").export_run
    return export_run(
        run,
        format,
        part,
        quantize=quantize,
        out=out,
        data=data,
        skip_bad=skip_bad,
        progress=progress,
    )


def explore(
    run: Run,
    data: Any = None,
    *,
    port: int | None = None,
    host: str = "127.0.0.1",
    height: int = 900,
) -> Explorer:
    """The run's page with this run behind it, which decodes and encodes: for a notebook.

    The page is served in a thread until `close` of what this gives, which is a frame with the
    page where it is a cell's value; its `url` opens in a browser as well.

    data: a data source or arrays, whose held-out images the page shows; None is the run's own.
    port: None takes a free one. host: an address of this machine; one that isn't of the
        loopback interface lets other machines in. height: of the frame, in pixels.

    Raises `UserError` where the extra `vaekit[explore]` isn't installed, or a port is taken.
    """
    return import_module("vaekit.explorer").explore(run, data, port=port, host=host, height=height)


def serve(
    run: Run, *, port: int | None = None, host: str = "127.0.0.1", **limits: float
) -> Service:
    """The run as a service over HTTP, for other programs on this machine.

    It is served in a thread until `close` of what this gives, or the end of a `with` block;
    its `url` says where. It answers what `vaekit serve` does.

    port: None takes a free one. host: an address of the loopback interface. limits: those of
        `vaekit serve`, such as `max_rows=64`.

    Raises `UserError` where the extra `vaekit[serve]` isn't installed, a port is taken, or the
    host is reached by other machines; `OptionError` for limits that can't be.
    """
    return import_module("vaekit.serving").serve(run, port=port, host=host, limits=limits)
