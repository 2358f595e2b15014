"""How Sphinx builds these pages: `tox -e docs`."""

import re
from collections import _tuplegetter
from importlib.metadata import version as version_of
from typing import Any

from vaekit.startup import select_backend

select_backend(None)  # autodoc imports Keras; this keeps TensorFlow's notices off the log

project = "vaekit"
copyright = "The vaekit developers"
release = version = version_of("vaekit")

extensions = ["myst_parser", "sphinx.ext.autodoc"]
html_theme = "furo"
html_title = f"vaekit {version}"
myst_heading_anchors = 3

default_role = "code"  # docstrings quote code in single backticks
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
autodoc_default_options = {"special-members": "__call__"}

# Named in signatures, and described elsewhere or not public.
nitpick_ignore_regex = [
    ("py:class", r"(collections|keras|numpy|np|os|pathlib)\..*|Path|PathLike"),
    (
        "py:class",
        r"vaekit\.(comparison|engine|model|outliers|registry|run|run_directory|startup|sweeps)\..*|CalibrationRecord|Cure|Direction|Evidence|Explorer|Export|ImageFunction|Parameters|RunDirectory|RunRecord|Service|Status|Tensor",
    ),
    ("py:class", r"vaekit\.data\.budget\.Budget|(vaekit\.types\.)?Pixels"),
]

_NAMED = re.compile(r"([a-z_]+(?:, [a-z_]+)*): ")


def _list_what_is_named(_app: Any, _what: str, _name: str, _of: Any, _opt: Any, lines: list[str]):
    """Make a list of a docstring's lines `name: meaning`, which plain text leaves without marks."""
    listed, inside = [], False
    for before, line in zip(["", *lines], lines, strict=False):
        named = _NAMED.match(line)
        if named and (inside or not before.strip()):
            listed.append(f"- `{named[1]}`: {line[named.end() :]}")
            inside = True
        elif inside and line.strip():
            listed.append(f"  {line.strip()}")
        else:
            listed.append(line)
            inside = False
    lines[:] = listed


def _skip_boilerplate(_app: Any, _what: str, name: str, member: Any, _skip: bool, _opt: Any):
    """Leave out what Python says of a named tuple's fields, and pydantic of a model's config."""
    return True if isinstance(member, _tuplegetter) or name == "model_config" else None


def setup(app: Any) -> None:
    """Called by Sphinx."""
    app.connect("autodoc-skip-member", _skip_boilerplate)
    app.connect("autodoc-process-docstring", _list_what_is_named)
