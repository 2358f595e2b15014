"""The command line. Modules here import nothing heavy until a command runs."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import click

from vaekit.cli.selection import offer_selection
from vaekit.cli.streams import unfailing_streams
from vaekit.cli.values import stopped_by
from vaekit.errors import VaekitError, VaekitWarning
from vaekit.interrupt import sigint_heeded
from vaekit.startup import keras_defaults
from vaekit.wording import command_line_wording


class _Group(click.Group):
    """A group that tells a `VaekitError` in its own words, with its own exit code."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        # `obj` holds what is to be undone when the command is over, however it ends.
        with (
            unfailing_streams(),
            command_line_wording(),
            _warnings_in_a_line(),
            keras_defaults(),
            sigint_heeded(),
            ExitStack() as undone,
        ):
            return super().main(*args, obj=undone, **kwargs)

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        with _errors_in_a_line():
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> object:
        with _errors_in_a_line():
            return super().invoke(ctx)


@contextmanager
def _errors_in_a_line() -> Iterator[None]:
    try:
        yield
    except VaekitError as error:
        click.echo(f"vaekit: {error}", err=True)
        sys.exit(error.exit_code)
    except KeyboardInterrupt as error:
        by_signal = getattr(error, "signal", None)  # which a training run notes
        lost = " at once; what was not saved is lost" if by_signal else ""
        click.echo(f"vaekit: stopped{lost}.", err=True)
        sys.exit(stopped_by(by_signal))


@contextmanager
def _warnings_in_a_line() -> Iterator[None]:
    """The kit's own warnings as its errors look: one line, and no place in the code."""
    with warnings.catch_warnings():
        warnings.simplefilter("always", VaekitWarning)
        as_ever = warnings.showwarning

        def show(message: Any, category: Any, *where: Any, **more: Any) -> None:
            if issubclass(category, VaekitWarning):
                click.echo(f"vaekit: {message}", err=True)
            else:
                as_ever(message, category, *where, **more)

        warnings.showwarning = show
        yield


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="vaekit", prog_name="vaekit")
def main() -> None:
    """Train variational autoencoders from parts chosen by name."""


def _add_commands() -> None:
    from vaekit.cli import (
        bench,
        calibrate,
        compare,
        data,
        diagnose,
        doctor,
        explore,
        export,
        figure,
        files,
        list_runs,
        pictures,
        plugins,
        presets,
        prove,
        report,
        runs,
        samplers,
        serve,
        sweep,
        train,
    )

    commands = (
        train.train,
        train.resume,
        sweep.sweep,
        sweep.sweep_worker,
        runs.debug_step,
        runs.evaluate,
        calibrate.calibrate,
        diagnose.diagnose,
        report.report,
        list_runs.runs,
        compare.compare,
        pictures.reconstruct,
        pictures.sample,
        samplers.fit_sampler,
        pictures.interpolate,
        pictures.traverse,
        figure.figure,
        explore.explore,
        serve.serve,
        export.export,
        files.encode,
        files.decode,
        files.score,
        plugins.plugins,
        presets.presets,
        data.data,
        doctor.doctor,
        prove.prove,
        bench.bench,
    )
    for command in commands:
        main.add_command(command)
    offer_selection(main)


_add_commands()
