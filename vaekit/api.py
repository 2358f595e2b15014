"""The calls that begin most work in Python. Importing this module doesn't import Keras."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import ExitStack, suppress
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from vaekit.config import TrainConfig
from vaekit.config_files import read_run_config
from vaekit.errors import UserError
from vaekit.registry import RUN_KINDS
from vaekit.startup import backend_to_be, select_backend, with_keras_defaults
from vaekit.timeline import part
from vaekit.wording import command_line_wording, option_text, worded

if TYPE_CHECKING:
    import keras

    from vaekit.autotune import Tuning
    from vaekit.comparison import Comparison
    from vaekit.diagnosis import Diagnosis
    from vaekit.launch.channel import Attempt
    from vaekit.run import Run
    from vaekit.run_directory import ListedRun
    from vaekit.startup import Settings
    from vaekit.trainer import Replay, Session
    from vaekit.workers import Group


_IN_ORDER = (*(name for name, kind in RUN_KINDS.items() if kind.by_place), "data")


@with_keras_defaults
def train(
    *parts: Any,
    data: Any = None,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    progress: bool = True,
    resume: bool = False,
    allow_change: Collection[str] = (),
    **options: Any,
) -> Run:
    """Train a VAE from parts chosen by name, and give the saved run.

    parts: by their places or by keyword, names of the encoder, the decoder and the loss, and then
        the data.
    data: a registered name, a path, an array `(N, H, W[, C])`, a pair (images, labels), Keras's
        `((x_train, y_train), (x_test, y_test))` or a `vaekit.Dataset`; None is MNIST.
    callbacks: any Keras callbacks.
    progress: whether to print how it goes.
    resume: go on with the run in `out` if there is one; see `vaekit.resume`, also for
        `allow_change`.
    options: the other fields of `vaekit.TrainConfig`: a part of each kind (`encoder`, `decoder`,
        `loss`, ...) and its options (`encoder_opt`, ...), `latent_dim`, `epochs`, ... Defaults are
        those of small grey images; for others `preset` chooses what isn't named, and says so.

    Raises `vaekit.UserError` for what can't be done as asked.
    """
    if len(parts) > len(_IN_ORDER):
        raise UserError(f"What is given by its place is, in this order: {', '.join(_IN_ORDER)}.")
    named = dict(zip(_IN_ORDER, parts, strict=False))
    twice = named.keys() & (options.keys() | ({"data"} if data is not None else set()))
    if twice:
        raise UserError(f"The {min(twice)} is given twice: by its place and by its name.")
    data = named.pop("data", data)
    is_source = isinstance(data, str | PathLike)
    source = fspath(data) if is_source else None
    config = TrainConfig.checked({**named, **options, "data": source})
    data = None if is_source else data
    if to_be_launched(config.workers_asked):
        return load(
            launch_training(
                config,
                data,
                callbacks=callbacks,
                progress=progress,
                resume=resume,
                allow_change=allow_change,
            )
        )
    return finish_training(
        prepare_training(
            config,
            data,
            callbacks=callbacks,
            progress=progress,
            resume=resume,
            allow_change=allow_change,
        )
    )


def _train_signature() -> inspect.Signature:
    """`train` with the config's fields written out: what a notebook shows."""
    own = inspect.signature(train)
    written = [
        inspect.Parameter(
            name,
            inspect.Parameter.POSITIONAL_OR_KEYWORD
            if name in _IN_ORDER
            else inspect.Parameter.KEYWORD_ONLY,
            default=field.get_default(call_default_factory=True),
        )
        for name, field in TrainConfig.model_fields.items()
        if name not in own.parameters
    ]
    named = [p for p in own.parameters.values() if p.kind is p.KEYWORD_ONLY]
    named = [p.replace(kind=p.POSITIONAL_OR_KEYWORD) if p.name == "data" else p for p in named]
    return own.replace(parameters=sorted([*written, *named], key=lambda p: p.kind))


train.__signature__ = _train_signature()  # type: ignore[attr-defined]


@with_keras_defaults
def resume(
    path: str | PathLike[str],
    *,
    epochs: int | Literal["auto"] | None = None,
    patience: int | None = None,
    data: Any = None,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    progress: bool = True,
    checkpoint: str | None = None,
    allow_change: Collection[str] = (),
) -> Run:
    """Go on with a run that stopped, as if it hadn't; `epochs` may ask for more in all.

    patience: for a run that stopped early: wait for a better epoch for so many.

    data: needed only for a run that was trained on an array: the same array.
    callbacks: the same ones again; they are given back what they remembered.
    checkpoint: the name of one to go on from, instead of the newest; newer ones are given up.
    allow_change: names of what may differ from when the run began; the run records them.

    Raises `vaekit.RunError` if there is nothing to go on with, or with a list of what differs.
    """
    asked: dict[str, Any] = {"epochs": epochs, "patience": patience, "checkpoint": checkpoint}
    asked["allow_change"] = tuple(allow_change)
    config = read_run_config(path)
    if config is not None and to_be_launched(config.workers):
        return load(launch_resuming(path, config, asked, data, callbacks, progress=progress))
    return finish_training(
        prepare_resuming(path, data=data, callbacks=callbacks, progress=progress, **asked)
    )


def prepare_resuming(
    path: str | PathLike[str],
    *,
    epochs: int | Literal["auto"] | None,
    patience: int | None,
    data: Any,
    callbacks: Sequence[keras.callbacks.Callback],
    progress: bool,
    checkpoint: str | None,
    allow_change: Collection[str],
) -> Session:
    """The session that `resume` runs in this process, alone or as one of several workers."""
    group = _start_as(path, together=True)
    from vaekit.trainer import open_session, reopen_session

    shown = _progress(progress and group.leader)
    with group.telling():
        if group.leader:
            return reopen_session(
                path,
                data,
                epochs=epochs,
                patience=patience,
                checkpoint=checkpoint,
                allow=allow_change,
                callbacks=callbacks,
                progress=shown,
                group=group,
            )
        return open_session(TrainConfig(), data, callbacks=callbacks, progress=shown, group=group)


@with_keras_defaults
def debug_step(path: str | PathLike[str], *, data: Any = None) -> Replay:
    """Do again the step at which a run diverged; see `vaekit.trainer.Replay`.

    data: needed only for a run that was trained on an array: the same array.

    Raises `vaekit.RunError` if the run didn't diverge.
    """
    _start_as(path)
    from vaekit.trainer import replay_step

    return replay_step(path, data)


@with_keras_defaults
def load(path: str | PathLike[str]) -> Run:
    """Open a run directory: its parts from the installed plugins, its weights as saved.

    Raises `vaekit.RunError` if there is no run, or a part of it is not installed.
    """
    select_backend(None)
    from vaekit.run import read_run

    return read_run(path)


@with_keras_defaults
def diagnose(path: str | PathLike[str], *, data: Any = None) -> Diagnosis:
    """What is wrong with a run, what shows it, and the training that cures it.

    As `vaekit.load(path).diagnose()`, and also of a run that diverged before it had weights.

    data: needed only for a run that was trained on an array: the same array.

    Raises `vaekit.RunError` for a run that is under way, or that ended no epoch for another reason.
    """
    select_backend(None)
    from vaekit.run import RunDirectory, diagnose_unloadable, read_run

    return diagnose_unloadable(RunDirectory(path)) or read_run(path).diagnose(data)


@with_keras_defaults
def cure(diagnosis: Diagnosis, *, data: Any = None, progress: bool = True) -> Run:
    """Train the cure of what is to be cured first, in a new run beside the old one.

    data: needed only for a run that was trained on an array: the same array.

    Raises `vaekit.UserError` where no training cures what was found.
    """
    finding = diagnosis.first
    if finding is None:
        raise UserError(f"Nothing is wrong with {diagnosis.run}, so there is nothing to cure.")
    if finding.cure is None:
        raise UserError(f"{finding.title} is cured by no training. {finding.advice}".strip())
    fields = diagnosis.fields(finding)
    if finding.cure.mend is not None:
        from vaekit.data import load_data, write_mended

        source = diagnosis.source if data is None else data
        write_mended(load_data(source), finding.cure.mend, diagnosis.cured_images)
        data = None
    elif diagnosis.source is None:
        if data is None:
            raise UserError("The run was trained on an array: pass the same one as data.")
        del fields["data"]
    config = TrainConfig.checked(fields)
    return finish_training(prepare_training(config, data, progress=progress))


def runs(folder: str | PathLike[str] = "runs") -> list[ListedRun]:
    """The runs of a folder, or of folders in it: state, parts, epochs and best values of each.

    It loads no model. Raises `vaekit.RunError` if there is no such folder.
    """
    from vaekit.run_directory import list_runs

    return list_runs(folder)


@with_keras_defaults
def compare(
    paths: str | PathLike[str] | Sequence[str | PathLike[str]], *, by: str | Sequence[str] = ()
) -> Comparison:
    """Runs side by side: what differs, each value with its spread, and which are the best by it.

    paths: run directories, or folders of them. Those of a folder that can't be compared are left
        out, and `left_out` says why.
    by: options whose values make the groups, `"loss,seed"`; else runs that differ only in seed are
        one.

    It loads no model, but for `Comparison.write_page`. Raises `vaekit.RunError` for a path that
    holds no run, or one that is being written, failed, or is damaged.
    """
    select_backend(None)  # a loss is asked for its likelihood
    from vaekit.comparison import compare_runs

    return compare_runs([paths] if isinstance(paths, str | PathLike) else paths, by)


@with_keras_defaults
def load_model(path: str | PathLike[str], *, trust: bool = False) -> keras.Model:
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
def load_weights(model: keras.Model, path: str | PathLike[str]) -> None:
    """Give a functional or sequential model the weights of a stranger's `.weights.h5` or `.h5`.

    Raises `vaekit.ModelFileError` if the file is damaged, or holds other weights than the model
    has; the model then keeps its own.
    """
    from vaekit import model_files

    model_files.load_weights(model, path)


def prepare_training(
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
        raise UserError(f"Say which run to go on with: {option_text('out', 'DIR')}.")
    if allow_change and not resume:
        raise UserError(
            f"Only a run that is resumed can have changed: add {option_text('resume', True)}."
        )
    exists = resume and (Path(config.out or "") / "run.json").exists()
    earlier = read_run_config(config.out or "") if exists else None
    backend = config.backend or (earlier.backend if earlier else None)
    from vaekit.autotune import UNTUNED, begun_with

    if earlier is not None:
        config, tuning = begun_with(config, earlier), UNTUNED
    else:
        tuning = tuned(config, data, progress=progress)
        config = tuning.applied(config)
    group = _start(backend, config.settings, config.workers_asked)
    config = config.model_copy(update={"workers": group.size})
    with part("the kit's modules"):
        from vaekit.trainer import open_session, reopen_session

    shown = _progress(progress and group.leader)
    with group.telling():
        if exists and group.leader:
            return reopen_session(
                config.out or "",
                data,
                asked=config,
                allow=allow_change,
                callbacks=callbacks,
                progress=shown,
                group=group,
            )
        return open_session(
            config, data, callbacks=callbacks, progress=shown, group=group, tuning=tuning
        )


def tuned(config: TrainConfig, data: Any = None, *, progress: bool = True) -> Tuning:
    """What is faster on this machine for a new run, before its backend starts; see `tune`."""
    from vaekit.autotune import UNTUNED, tune
    from vaekit.workers import place_here

    if place_here(config.workers_asked) is not None:
        return UNTUNED

    def note(text: str) -> None:
        with suppress(OSError, ValueError):  # nobody can read it: the work goes on
            print(text, flush=True)

    return tune(config, data, backend_to_be(config.backend), note if progress else lambda _: None)


def to_be_launched(workers: int | None) -> bool:
    """Whether so many workers are for Ray to start: this process is none of them."""
    from vaekit.workers import place_here

    return workers is not None and workers > 1 and place_here(workers) is None


def launch_training(
    config: TrainConfig,
    data: Any,
    *,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    progress: bool = True,
    resume: bool = False,
    allow_change: Collection[str] = (),
) -> Path:
    """Train by workers that Ray starts, to the end; the run directory that they wrote.

    `data` and `callbacks` are pickled for them.

    Raises as `vaekit.launch.launch` does.
    """
    from vaekit.run_directory import RunDirectory
    from vaekit.workers import refuse_uneven

    if "batch_size" in config.model_fields_set:
        refuse_uneven(config.batch_size, config.workers, config.accumulate)
    if config.out is not None and not resume:
        RunDirectory(config.out).refuse_existing()
    asked = {"resume": resume, "allow_change": tuple(allow_change)}
    return _launched(config, None, asked, data, callbacks, progress=progress)


def launch_resuming(
    path: str | PathLike[str],
    config: TrainConfig,
    asked: Mapping[str, Any],
    data: Any = None,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    *,
    progress: bool = True,
) -> Path:
    """Go on with a run of this config by workers that Ray starts; asked: as `resume` has it."""
    return _launched(config, fspath(path), asked, data, callbacks, progress=progress)


def _launched(
    config: TrainConfig,
    run: str | None,
    asked: Mapping[str, Any],
    data: Any,
    callbacks: Sequence[keras.callbacks.Callback],
    *,
    progress: bool,
) -> Path:
    """Launch what `_worked` does with `run`, the one to go on with, or `config`."""
    from vaekit.launch import Job, launch
    from vaekit.plugins import parts_named, refuse_parts_of_calls, selection

    if callbacks:
        raise UserError(
            "Keras callbacks stay in the process that they are made in, and Ray's workers are "
            "others: train without them, or start the workers by torchrun, each with its own."
        )
    refuse_parts_of_calls(parts_named(config.model_dump()))
    what = {
        "config": config.model_dump(mode="json", exclude_unset=True),
        "run": run,
        "asked": dict(asked),
        "data": data,
        "progress": progress,
        "plugins": selection(),
        "command_line": worded("yes", "") == "yes",
    }
    gpus = None if config.device is None else config.device == "gpu"
    job = Job(_worked, what, config.workers, gpus, config.ray_address, config.max_restarts)
    return Path(launch(job))


def _worked(what: Mapping[str, Any], attempt: Attempt, opened: Callable[[str], object]) -> None:
    """What each of Ray's workers does, again after one was lost: then from the checkpoint on."""
    from vaekit.plugins import selected, warn_of_broken

    asked, again = dict(what["asked"]), attempt.number > 0
    with ExitStack() as stack:
        if what["command_line"]:
            stack.enter_context(command_line_wording())
        stack.enter_context(selected(**what["plugins"]))
        common = {"callbacks": (), "progress": what["progress"]}
        if what["run"] is not None:
            if again:
                asked["checkpoint"] = None
            session = prepare_resuming(what["run"], data=what["data"], **common, **asked)
        else:
            config = TrainConfig.checked(what["config"])
            if again and attempt.out is not None:
                config = config.model_copy(update={"out": attempt.out})
                asked["resume"] = True
            session = prepare_training(config, what["data"], **common, **asked)
        warn_of_broken()
        opened(str(session.directory.path))
        finish_training(session)


def finish_training(session: Session) -> Run:
    """Train, draw pictures and report unless they aren't wanted, and say what is wrong.

    Of several workers, the first does so; the others' run is the model in memory.
    """
    with session.group.together():
        return _finished(session) if session.group.leader else _followed(session)


def _followed(session: Session) -> Run:
    from vaekit.run import Run
    from vaekit.trainer import follow

    follow(session)
    return Run(session.directory, session.record, session.blueprint, session.built)


def _finished(session: Session) -> Run:
    with session.tracking:
        run = _trained_and_drawn(session)
        session.end_tracking()
    if run.record.status == "complete":
        with part("diagnosis"):
            lines = run.diagnose_history().summary()
        for line in lines:
            session.progress.note(line)
    return run


def _trained_and_drawn(session: Session) -> Run:
    config = session.config
    if not config.figures:
        return session.run()
    with part("what draws"):
        from vaekit.figures import Animation, draw_figures

    if config.gif:
        session.show_epoch = Animation(
            session.directory,
            session.program.vae,
            session.validation,
            epochs=config.most_epochs,
            done=session.position.epoch,
        ).frame
    run = session.run()
    if run.record.status == "complete":
        with part("pictures"):
            drawn = draw_figures(run, session.validation, session.progress.note)
        if config.report:
            _report(run, session, drawn)
    return run


def _report(run: Run, session: Session, drawn: Collection[Path]) -> None:
    with part("report"):
        from vaekit.report import write_first_report

        try:
            write_first_report(run, session.validation, drawn)
        except UserError as error:
            session.progress.note(f"report.html is left out: {error}")


def _start_as(path: str | PathLike[str], *, together: bool = False) -> Group:
    """Start the backend that a run was made with, as it was started then.

    together: with the other workers, if this process is one of several.
    """
    config = read_run_config(path)
    workers = (config.workers if config else None) if together else 1
    return _start(config.backend if config else None, config.settings if config else None, workers)


def _start(backend: str | None, settings: Settings | None, workers: int | None) -> Group:
    """Start a backend, together with the other workers if this process is one of several."""
    from vaekit.workers import group_for, start_together

    with part("Keras and its backend"):
        select_backend(backend, settings, lambda chosen: start_together(workers, chosen))
    return group_for(workers)


def _progress(shown: bool) -> Any:
    from vaekit.trainer.progress import Progress, default_progress

    return default_progress() if shown else Progress()
