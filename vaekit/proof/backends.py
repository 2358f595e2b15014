"""Claims tried on each backend, in a process of its own."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from typing import Any

from vaekit.errors import UserError, why_ended
from vaekit.proof.extent import Extent
from vaekit.startup import BACKENDS, select_backend, with_keras_defaults
from vaekit.wording import install_text

_CHILD = "from vaekit.proof.backends import print_findings; print_findings(*{extent})"
_LINE = "vaekit-proof "  # begins those of a child's lines that are findings


def installed_backends() -> tuple[str, ...]:
    """Keras's backends that are here."""
    return tuple(name for name in BACKENDS if importlib.util.find_spec(name) is not None)


def refuse_missing(backends: Sequence[str]) -> None:
    """Raise `UserError` if one of the backends is none, or isn't installed."""
    for name in backends:
        if name not in BACKENDS:
            raise UserError(f"There is no backend {name!r}. Choose from: {', '.join(BACKENDS)}.")
        if name not in installed_backends():
            command = install_text(name if name == "tensorflow" else f"vaekit[{name}]")
            raise UserError(f"The backend {name} isn't installed: {command}")


def findings_on(backend: str, extent: Extent) -> Iterator[dict[str, Any]]:
    """What a process on this backend gives: first the environment, then each finding, as JSON.

    One that ends before its time is a finding of its own.
    """
    environment = {**os.environ, "KERAS_BACKEND": backend}
    command = [sys.executable, "-c", _CHILD.format(extent=tuple(extent))]
    # To a file: a pipe that nobody reads meanwhile would fill up.
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as errors:
        with subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=errors, text=True
        ) as child:
            assert child.stdout is not None
            for line in child.stdout:
                if line.startswith(_LINE):
                    yield json.loads(line.removeprefix(_LINE))
        errors.seek(0)
        error = errors.read()
    if child.returncode:
        yield {
            "backend": backend,
            "area": "process",
            "name": backend,
            "what": "all claims are tried",
            "status": "failed",
            "expected": "the end of them",
            "got": why_ended(child.returncode, error),
            "tolerance": "",
            "seconds": 0.0,
        }


@with_keras_defaults
def print_findings(*values: Any) -> None:
    """In the child: try what an `Extent` of these values has, and print what comes, as JSON."""
    extent = Extent(*values)
    select_backend(None)  # the parent chose it, by KERAS_BACKEND
    from vaekit.plugins import selected
    from vaekit.proof.claim import tried
    from vaekit.proof.claims import claims
    from vaekit.run import describe_environment

    environment = describe_environment()
    print(_LINE + json.dumps({"environment": environment}), flush=True)
    with selected(without=extent.without):
        for finding in tried(claims(extent), environment["backend"]):
            print(_LINE + json.dumps(finding._asdict()), flush=True)
