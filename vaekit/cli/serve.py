"""`vaekit serve`: a run as a service over HTTP."""

from __future__ import annotations

import warnings
from typing import Any

import click

from vaekit.cli.values import run_argument
from vaekit.errors import VaekitWarning

# Those of `vaekit.serving.limits`, which has the defaults; a test holds these texts against it.
_LIMITS: dict[str, tuple[Any, str]] = {
    "max_body": (click.IntRange(1), "Bytes that a request may carry.  [default: 16777216]"),
    "body_timeout": (float, "Seconds that they may take to come.  [default: 10]"),
    "max_rows": (click.IntRange(1), "Images or latents a request.  [default: 256]"),
    "max_batch": (click.IntRange(1), "Rows a call of the model.  [default: 256]"),
    "wait_ms": (float, "How long the first of them waits for others.  [default: 2]"),
    "queue": (click.IntRange(1), "Rows that may wait for the model.  [default: 1024]"),
    "timeout": (float, "Seconds for an answer.  [default: 30]"),
    "connections": (click.IntRange(1), "Requests under way at a time.  [default: 256]"),
    "memory": (click.IntRange(1), "Bytes that they may hold.  [default: 536870912]"),
}


def _limits(command: Any) -> Any:
    for name, (kind, text) in reversed(_LIMITS.items()):
        command = click.option(f"--{name.replace('_', '-')}", type=kind, help=text)(command)
    return command


@click.command(short_help="Serve a run to other programs, over HTTP.")
@run_argument
@click.option("--port", type=click.IntRange(1, 65535), help="Default: a free one.")
@click.option(
    "--host", metavar="ADDRESS", help="An address of the loopback interface. Default: 127.0.0.1."
)
@_limits
def serve(run: str, port: int | None, host: str | None, **limits: Any) -> None:
    """Answer POST /encode, /decode, /reconstruct, /sample and /score, on this machine alone.

    Bodies are image files or .npy; answers .npy, JSON or PNG, as Accept says. The address itself
    shows all of it; /health and /metrics tell how it goes. Ctrl-C or SIGTERM ends it, once what is
    under way is answered.
    """
    from vaekit.serving import LOOPBACK, limits_of, listen_here, require_extra

    require_extra()
    checked = limits_of({name: value for name, value in limits.items() if value is not None})
    listener, address = listen_here(host or LOOPBACK, port)
    with listener:
        from vaekit import api

        loaded = api.load(run)  # chooses the backend, so it comes before what imports Keras
        from vaekit.serving.service import Service

        service = Service(loaded, listener, address, checked)
        click.echo(f"{run} is served at {service.url}\nCtrl-C ends it.")
        with warnings.catch_warnings():
            # Of what requests bring: each once, not once a request.
            warnings.simplefilter("default", VaekitWarning)
            service.serve()
