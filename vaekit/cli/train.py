"""`vaekit train` and `vaekit resume`."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any, ClassVar

import click

from vaekit.cli.config_options import ConfigCommand, config_values
from vaekit.cli.values import run_argument, stopped_by
from vaekit.errors import OptionError, VaekitError
from vaekit.wording import resume_text

if TYPE_CHECKING:
    from pathlib import Path

    from vaekit.config import TrainConfig
    from vaekit.run_directory import RunDirectory, RunRecord


class _Train(ConfigCommand):
    groups = ("parts", "data", "training", "output", "machine", "workers")


class _Resume(ConfigCommand):
    fields = ("epochs", "patience")
    meanings: ClassVar = {
        "epochs": "Ask for more epochs in all.",
        "patience": "Of a run that stopped early: wait for longer.",
    }


_allow_change = click.option(
    "--allow-change",
    metavar="NAME",
    multiple=True,
    help="Go on though this is not what it was; may be given more than once.",
)


@click.command(cls=_Train, short_help="Train a VAE and save it.")
@click.option("--verbose", is_flag=True, help="Say what was chosen for this machine, and why.")
@click.option("--resume", is_flag=True, help="Go on with the run in --out, if there is one.")
@_allow_change
@click.option(
    "--seeds", metavar="N,N,...", help="Train by each of these, in DIR/seed-N, and tell the spread."
)
@click.option("--config", metavar="FILE", help="TOML file of these options; the line wins.")
@click.option("--save-config", metavar="FILE", help="Write the options as they were resolved.")
def train(
    config: str | None,
    save_config: str | None,
    verbose: bool,
    resume: bool,
    allow_change: tuple[str, ...],
    seeds: str | None,
    **options: Any,
) -> None:
    """Build a VAE from parts, train it, and save it with its record and pictures.

    `vaekit plugins` lists the parts, `vaekit plugins show NAME` the options of one.
    """
    from vaekit.config import TrainConfig
    from vaekit.config_files import read_config, write_config

    checked = TrainConfig.checked(config_values(options, read_config(config) if config else {}))

    if seeds is not None:
        if "seed" in checked.model_fields_set or save_config or allow_change:
            raise OptionError(
                "--seeds doesn't go with --seed, --save-config and --allow-change, which are for "
                "one run."
            )
        _train_seeds(checked, seeds, verbose=verbose, resume=resume)
        return

    from vaekit import api
    from vaekit.plugins import warn_of_broken

    def say_and_save(record: RunRecord) -> None:
        if save_config:
            # A default run directory is for this run alone.
            write_config(record.config.model_copy(update={"out": checked.out}), save_config)
        if verbose:
            _say_choices(record)

    if api.to_be_launched(checked.workers_asked):
        path = api.launch_training(checked, None, resume=resume, allow_change=allow_change)
        say_and_save(_report_at(path))
        return
    try:
        session = api.prepare_training(checked, None, resume=resume, allow_change=allow_change)
    except VaekitError:
        warn_of_broken()  # before the error, which it may explain
        raise
    if session.group.leader:
        warn_of_broken()
        say_and_save(session.record)
    run = api.finish_training(session)
    if session.group.leader:
        _report(run.directory, run.record)


def _say_choices(record: RunRecord) -> None:
    for name, choice in record.choices.items():
        click.echo(f"{name:<15} {choice.value:<13} {choice.why}")


def _train_seeds(config: TrainConfig, text: str, *, verbose: bool, resume: bool) -> None:
    """Train by each seed, and compare the runs."""
    from vaekit import api
    from vaekit.cli.compare import comparison_lines
    from vaekit.startup import select_backend

    tuned = api.tuned(config).applied(config)
    select_backend(tuned.backend, tuned.settings)
    if config.autotune == "again":  # once, for all of them
        config = config.model_copy(update={"autotune": "on"})
    from vaekit.plugins import warn_of_broken
    from vaekit.sweeps.seeds import parse_seeds, train_seeds

    seeds = parse_seeds(text)
    prepare = (lambda s: _say_choices(s.record)) if verbose else (lambda s: None)
    try:
        trained = train_seeds(config, seeds, resume=resume, say=click.echo, prepare=prepare)
    finally:
        warn_of_broken()
    if trained.stopped_by is not None:
        click.echo(
            f"Stopped; the runs are in {trained.folder}. Go on with the same command, with "
            f"--resume and --out {shlex.quote(str(trained.folder))}."
        )
        raise SystemExit(stopped_by(trained.stopped_by))
    for line in ("", *comparison_lines(api.compare(trained.runs))):
        click.echo(line)
    click.echo(f"Saved in {trained.folder}: {len(trained.runs)} runs.")


@click.command(cls=_Resume, short_help="Go on with a run that stopped.")
@run_argument
@click.option("--from", "checkpoint", metavar="NAME", help="A checkpoint. Default: the newest.")
@_allow_change
def resume(
    run: str,
    epochs: Any,
    patience: int | None,
    checkpoint: str | None,
    allow_change: tuple[str, ...],
) -> None:
    """Go on with a run from its newest checkpoint, as if it had never stopped.

    What isn't as it was when the run began is refused with a list.
    """
    from vaekit import api
    from vaekit.config_files import read_run_config

    asked: dict[str, Any] = {"epochs": epochs, "patience": patience, "checkpoint": checkpoint}
    asked["allow_change"] = allow_change
    config = read_run_config(run)
    if config is not None and api.to_be_launched(config.workers):
        _report_at(api.launch_resuming(run, config, asked))
        return
    session = api.prepare_resuming(run, data=None, callbacks=(), progress=True, **asked)
    went_on = api.finish_training(session)
    if session.group.leader:
        _report(went_on.directory, went_on.record)


def _report_at(path: Path) -> RunRecord:
    """Say what became of a run that other processes wrote; its record."""
    from vaekit.run_directory import RunDirectory

    directory = RunDirectory(path)
    record = directory.read_record()
    _report(directory, record)
    return record


def _report(directory: RunDirectory, record: RunRecord) -> None:
    """Say what became of a run, and end with the code that says so too."""
    path = directory.path
    if record.status == "interrupted":
        training = record.training
        click.echo(
            f"Stopped after {training.steps_done} steps ({training.epochs_done} whole "
            f"epochs); saved in {path}. Go on with: {resume_text(path)}"
        )
        raise SystemExit(stopped_by(record.stopped_by))
    models = "models"
    if record.config.patience is not None:
        models = f"models of epoch {record.kept_epoch}"
    rest = " and run.json"
    if record.config.figures:
        rest = (
            ", run.json, figures/ and report.html"
            if directory.report.exists()
            else ", run.json and figures/"
        )
    click.echo(f"Saved in {path}: {models}, history.csv{rest}.")
