"""Commands run by click's runner in this process, and what they leave."""

from __future__ import annotations

import json

import numpy as np
from click.testing import CliRunner
from PIL import Image

from vaekit.cli import main


def cli(*args):
    """What a command that succeeds prints on standard output."""
    result = CliRunner().invoke(main, [str(arg) for arg in args], prog_name="vaekit")
    assert result.exit_code == 0, result.output
    assert result.stderr == ""
    return result.stdout


def record_of(folder):
    return json.loads((folder / "run.json").read_text())


def picture(path):
    """The pixels of a PNG, grey."""
    with Image.open(path) as image:
        assert image.format == "PNG"
        return np.asarray(image.convert("L"))
