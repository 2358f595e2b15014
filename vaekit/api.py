"""The calls that begin most work in Python. Importing this module doesn't import Keras."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vaekit.errors import UserError
from vaekit.startup import select_backend, with_keras_defaults

if TYPE_CHECKING:
    import keras

    from vaekit.config import TrainConfig
    from vaekit.run import Run
    from vaekit.trainer import Replay, Session


@with_keras_defaults
def train(
    encoder: str = "conv5",
    decoder: str = "deconv4",
    loss: str = "tutorial",
    data: Any = None,
    *,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    progress: bool = True,
    resume: bool = False,
    allow_change: Collection[str] = (),
    **options: Any,
) -> Run:
    """Train a VAE from parts chosen by name, and give the saved run.

    data: a registered name, a path, an array `(N, H, W[, C])`, a pair (images, labels), Keras's
        `((x_train, y_train), (x_test, y_test))` or a `vaekit.Dataset`; None is MNIST.
    callbacks: any Keras callbacks.
    progress: whether to print how it goes.
    resume: go on with the run in `out` if there is one; see `vaekit.resume`, also for
        `allow_change`.
    options: the other fields of `vaekit.TrainConfig`: `latent_dim`, `epochs`, `batch_size`, ...

    Raises `vaekit.UserError` for what can't be done as asked.
    """
    from vaekit.config import TrainConfig

    named = isinstance(data, str | os.PathLike)
    values = {"encoder": encoder, "decoder": decoder, "loss": loss, **options}
    config = TrainConfig.checked({**values, "data": data if named else None})
    arrays = None if named else data
    return finish(
        ready(
            config,
            arrays,
            callbacks=callbacks,
            progress=progress,
            resume=resume,
            allow_change=allow_change,
        )
    )


@with_keras_defaults
def resume(
    path: str | os.PathLike[str],
    *,
    epochs: int | None = None,
    data: Any = None,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    progress: bool = True,
    checkpoint: str | None = None,
    allow_change: Collection[str] = (),
) -> Run:
    """Go on with a run that stopped, as if it hadn't; `epochs` may ask for more in all.

    data: needed only for a run that was trained on an array: the same array.
    callbacks: the same ones again; they are given back what they remembered.
    checkpoint: the name of one to go on from, instead of the newest; newer ones are given up.
    allow_change: names of what may differ from when the run began; the run records them.

    Raises `vaekit.RunError` if there is nothing to go on with, or with a list of what differs.
    """
    _start_as(path)
    from vaekit.trainer import reopen_session

    return finish(
        reopen_session(
            path,
            data,
            epochs=epochs,
            checkpoint=checkpoint,
            allow=allow_change,
            callbacks=callbacks,
            progress=_progress(progress),
        )
    )


@with_keras_defaults
def debug_step(path: str | os.PathLike[str], *, data: Any = None) -> Replay:
    """Do again the step at which a run diverged; see `vaekit.trainer.Replay`.

    data: needed only for a run that was trained on an array: the same array.

    Raises `vaekit.RunError` if the run didn't diverge.
    """
    _start_as(path)
    from vaekit.trainer import replay_step

    return replay_step(path, data)


@with_keras_defaults
def load(path: str | os.PathLike[str]) -> Run:
    """Open a run directory: its parts from the installed plugins, its weights as saved.

    Raises `vaekit.RunError` if there is no run, or a part of it is not installed.
    """
    select_backend(None)
    from vaekit.run import read_run

    return read_run(path)


@with_keras_defaults
def load_model(path: str | os.PathLike[str], *, trust: bool = False) -> keras.Model:
    """The model in a stranger's `.keras` or `.h5` file, as a plain Keras model, not compiled.

    Nothing in the file is run: the model is rebuilt from known stock layers, whatever Keras's own
    switches say. A `Lambda` on a mean and a log-variance becomes a draw of z from stock layers.

    trust: let Keras load the file as it is, and run any code that it holds. Only for files of
        which you know who made them.

    Raises `vaekit.ModelFileError` for a file that is refused or damaged.
    """
    select_backend(None)
    from vaekit import model_files

    return model_files.load_model(path, trust=trust)


@with_keras_defaults
def load_weights(model: keras.Model, path: str | os.PathLike[str]) -> None:
    """Give a functional or sequential model the weights of a stranger's `.weights.h5` or `.h5`.

    Raises `vaekit.ModelFileError` if the file is damaged, or holds other weights than the model
    has; the model then keeps its own.
    """
    from vaekit import model_files

    model_files.load_weights(model, path)


def ready(
    config: TrainConfig,
    data: Any,
    *,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    progress: bool = True,
    resume: bool = False,
    allow_change: Collection[str] = (),
) -> Session:
    """The session that `train` runs: a new one, or what lies in `config.out` if `resume`."""
    if resume and config.out is None:
        raise UserError("Say which run to go on with: --out DIR.")
    if allow_change and not resume:
        raise UserError("Only a run that is resumed can have changed: add --resume.")
    again = resume and (Path(config.out or "") / "run.json").exists()
    began = _config_of(config.out or "") if again else None
    select_backend(config.backend or (began.backend if began else None), config.settings)
    from vaekit.trainer import open_session, reopen_session

    if again:
        return reopen_session(
            config.out or "",
            data,
            asked=config,
            allow=allow_change,
            callbacks=callbacks,
            progress=_progress(progress),
        )
    return open_session(config, data, callbacks=callbacks, progress=_progress(progress))


def finish(session: Session) -> Run:
    """Train, and draw the pictures unless the user wanted it to stop."""
    from vaekit.figures import draw_figures

    run = session.run()
    if run.record["status"] == "complete":
        draw_figures(run, session.validation)
    return run


def _start_as(path: str | os.PathLike[str]) -> None:
    """Start the backend that a run was made with, as it was started then."""
    began = _config_of(path)
    select_backend(began.backend if began else None, began.settings if began else None)


def _config_of(path: str | os.PathLike[str]) -> TrainConfig | None:
    """The options that a run was made with, read before anything imports Keras.

    None where there is no such record; whoever reads it next says what is wrong with it.
    """
    from vaekit.config import TrainConfig

    try:
        record = json.loads((Path(path) / "run.json").read_text("utf-8"))
        return TrainConfig.checked(record["config"])
    except (OSError, ValueError, LookupError, TypeError, UserError):
        return None


def _progress(wanted: bool) -> Any:
    from vaekit.trainer.progress import Progress, default_progress

    return default_progress() if wanted else Progress()
