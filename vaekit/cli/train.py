"""`vaekit train` and `vaekit resume`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import click

from vaekit.cli.config_options import ConfigCommand, config_values
from vaekit.cli.values import run_argument, stopped_by
from vaekit.errors import VaekitError
from vaekit.wording import resume_text

if TYPE_CHECKING:
    from vaekit.run import Run


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
@click.option("--config", metavar="FILE", help="TOML file of these options; the line wins.")
@click.option("--save-config", metavar="FILE", help="Write the options as they were resolved.")
def train(
    config: str | None,
    save_config: str | None,
    verbose: bool,
    resume: bool,
    allow_change: tuple[str, ...],
    **options: Any,
) -> None:
    """Build a VAE from parts, train it, and save it with its record and pictures.

    `vaekit plugins` lists the parts, `vaekit plugins show NAME` the options of one.
    """
    from vaekit.config import TrainConfig
    from vaekit.config_files import read_config, write_config

    checked = TrainConfig.checked(config_values(options, read_config(config) if config else {}))

    from vaekit import api
    from vaekit.plugins import warn_of_broken

    try:
        session = api.prepare_training(checked, None, resume=resume, allow_change=allow_change)
    except VaekitError:
        warn_of_broken()  # before the error, which it may explain
        raise
    warn_of_broken()
    if save_config:
        # A default run directory is for this run alone.
        write_config(session.config.model_copy(update={"out": checked.out}), save_config)
    if verbose:
        for name, choice in session.record.choices.items():
            click.echo(f"{name:<15} {choice.value:<13} {choice.why}")
    _report(api.finish_training(session))


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

    _report(
        api.resume(
            run,
            epochs=epochs,
            patience=patience,
            checkpoint=checkpoint,
            allow_change=allow_change,
        )
    )


def _report(run: Run) -> None:
    """Say what became of a run, and end with the code that says so too."""
    from vaekit.workers import joined

    if not joined().leader:
        return
    record = run.record
    if record.status == "interrupted":
        training = record.training
        click.echo(
            f"Stopped after {training.steps_done} steps ({training.epochs_done} whole "
            f"epochs); saved in {run.path}. Go on with: {resume_text(run.path)}"
        )
        raise SystemExit(stopped_by(record.stopped_by))
    models = "models"
    if run.config.patience is not None:
        models = f"models of epoch {record.kept_epoch}"
    rest = " and run.json"
    if run.config.figures:
        rest = (
            ", run.json, figures/ and report.html"
            if run.directory.report.exists()
            else ", run.json and figures/"
        )
    click.echo(f"Saved in {run.path}: {models}, history.csv{rest}.")
