"""From a template and its values to a page that carries its style, scripts and data."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

# What would end an element of a page early: a text that has it is no script and no style.
_ENDING = re.compile(r"</(script|style)", re.IGNORECASE)


def render(packages: Sequence[str], template: str, data: Any, **values: Any) -> str:
    """The page that a template makes, of the first of these packages that has it in `templates/`.

    Templates extend `page.html`, which is this package's, or one another. They take files with
    `script(package, file)` and `style(package, file)`. Whatever is written into them is escaped.

    data: plain values, which scripts read as `vaekit.data`; finite numbers only.
    values: what the template names.
    """
    return _environment(*packages, "vaekit.page").get_template(template).render(data=data, **values)


@cache
def _environment(*packages: str) -> Environment:
    """What compiles the templates of these packages, each once."""
    loaders = [PackageLoader(name) for name in packages]
    environment = Environment(
        loader=ChoiceLoader(loaders),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.policies["json.dumps_kwargs"] = {"allow_nan": False, "separators": (",", ":")}
    environment.globals.update(script=_script, style=_style)
    return environment


def _script(package: str, file: str, **attributes: str) -> Markup:
    """A script of a package, as an element."""
    return Markup("<script{}>{}</script>").format(_written(attributes), _text(package, file))


def _style(package: str, file: str) -> Markup:
    """A style sheet of a package, as an element."""
    return Markup("<style>{}</style>").format(_text(package, file))


def _text(package: str, file: str) -> Markup:
    text = files(package).joinpath(file).read_text("utf-8")
    if _ENDING.search(text):
        raise ValueError(f"{package}/{file} would end its own element.")
    return Markup(text)


def _written(attributes: Mapping[str, str]) -> Markup:
    return Markup("").join(Markup(' {}="{}"').format(*item) for item in attributes.items())
