"""The command line. Modules here import nothing heavy until a command runs."""

from __future__ import annotations

import sys

import click

from vaekit.cli.values import stopped_by
from vaekit.errors import VaekitError


class _Group(click.Group):
    """A group that tells a `VaekitError` in its own words, with its own exit code."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except VaekitError as error:
            click.echo(f"vaekit: {error}", err=True)
            sys.exit(error.exit_code)
        except KeyboardInterrupt as error:
            click.echo("vaekit: stopped at once; what was not saved is lost.", err=True)
            sys.exit(stopped_by(getattr(error, "signal", None)))


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="vaekit", prog_name="vaekit")
def main() -> None:
    """Train variational autoencoders from parts chosen by name."""


def _add_commands() -> None:
    from vaekit.cli import data, debug, files, pictures, plugins, scores, train

    commands = (
        train.train,
        train.resume,
        debug.debug_step,
        scores.evaluate,
        pictures.reconstruct,
        pictures.sample,
        pictures.interpolate,
        files.encode,
        files.decode,
        plugins.plugins,
        data.data,
    )
    for command in commands:
        main.add_command(command)


_add_commands()
