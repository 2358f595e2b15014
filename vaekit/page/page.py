"""From a template and its values to a page that carries its style, scripts and data."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

# What would end an element of a page early: a text that has it is no script and no style.
_ENDING = re.compile(r"</(script|style)", re.IGNORECASE)


def render(package: str, template: str, data: Any, **values: Any) -> str:
    """The page that a template of a package's folder `templates/` makes.

    Templates extend `page.html`, and take files with `script("vaekit.page", "vendor/echarts.min.js")`
    and `style(package, file)`. Whatever is written into them is escaped.

    data: plain values, which scripts read as `vaekit.data`; finite numbers only.
    values: what the template names.
    """
    loaders = [PackageLoader(name) for name in dict.fromkeys((package, "vaekit.page"))]
    environment = Environment(
        loader=ChoiceLoader(loaders),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.policies["json.dumps_kwargs"] = {"allow_nan": False, "separators": (",", ":")}
    environment.globals.update(script=_script, style=_style)
    return environment.get_template(template).render(data=data, **values)


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
