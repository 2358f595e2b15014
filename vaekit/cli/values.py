"""Option values that more than one command takes."""

from __future__ import annotations

import math
import re
import signal
from typing import Any

import click

from vaekit.image_size import parse_image_size


def stopped_by(name: str | None) -> int:
    """The exit code that shells report of a program that this signal ended; Ctrl-C's is 130."""
    return 128 + signal.Signals[name or "SIGINT"]


class KeyValue(click.ParamType[tuple[str, str]]):
    """`name=value`; its value stays a text until the part's signature types it."""

    name = "K=V"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[str, str]:
        """Split at the first `=`."""
        if isinstance(value, tuple):
            return value
        key, separator, text = value.partition("=")
        if not separator or not key:
            self.fail(f"{value!r} is not of the form name=value.", param, ctx)
        return key, text


class ImageSize(click.ParamType[tuple[int, int]]):
    """`64` or `64x48`: height, or height and width, in pixels."""

    name = "HxW"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[int, int]:
        """One number counts for both sides."""
        try:
            return parse_image_size(value)
        except ValueError:
            self.fail(f"{value!r} is not a size like 64 or 64x48.", param, ctx)


class FigureSize(click.ParamType[tuple[float, float]]):
    """`3.5x2.5`: width and height in inches, as matplotlib has them."""

    name = "WxH"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[float, float]:
        """Two numbers above 0, up to 100."""
        if isinstance(value, tuple):
            return value
        sides = value.split("x")
        if len(sides) != 2 or not all(re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,4})?", s) for s in sides):
            self.fail(f"{value!r} is not a size in inches like 3.5x2.5.", param, ctx)
        width, height = map(float, sides)
        if not (0 < width <= 100 and 0 < height <= 100):
            self.fail(f"{value!r} is not between 0 and 100 inches on a side.", param, ctx)
        return width, height


class BatchSizes(click.ParamType[tuple[int, ...]]):
    """`32,128`: batch sizes, from small to large."""

    name = "N,N,..."

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[int, ...]:
        """Whole numbers from 1 on, each once."""
        if isinstance(value, tuple):
            return value
        # No batch has more images than nine digits count, nor is ² a digit of one.
        if not re.fullmatch(r"0*[1-9][0-9]{0,8}(,0*[1-9][0-9]{0,8})*", value, re.ASCII):
            self.fail(f"{value!r} is not a list of batch sizes like 32,128.", param, ctx)
        return tuple(sorted({int(size) for size in value.split(",")}))


class Labels(click.ParamType[tuple[int, ...]]):
    """`3,3,4`: numbers of classes."""

    name = "N,N,..."

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[int, ...]:
        """Whole numbers from 0 on, in their order."""
        if isinstance(value, tuple):
            return value
        if not re.fullmatch(r"[0-9]{1,9}(,[0-9]{1,9})*", value, re.ASCII):
            self.fail(f"{value!r} is not a list of classes like 3,3,4.", param, ctx)
        return tuple(int(label) for label in value.split(","))


class Finite(click.FloatRange):
    """What something is, a number: click lets `nan` and `inf` through any range."""

    def __init__(self, what: str) -> None:
        super().__init__(0, min_open=True)
        self._what = what

    def convert(self, value: Any, param: Any, ctx: Any) -> float:
        """More than 0 and finite."""
        number: float = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value} is not {self._what}.", param, ctx)
        return number


KEY_VALUE = KeyValue()
IMAGE_SIZE = ImageSize()
FIGURE_SIZE = FigureSize()
BATCH_SIZES = BatchSizes()
LABELS = Labels()
SECONDS = Finite("a number of seconds")
SPAN = Finite("a number of standard deviations")
TEMPERATURE = Finite("a temperature")

run_argument = click.argument("run", metavar="RUN", type=click.Path(path_type=str))


def _only_value(ctx: click.Context, param: click.Parameter, values: Any) -> Any:
    if values and len(values) > 1:
        raise click.BadParameter(f"it is given {len(values)} times; give one value.", ctx, param)
    return values[0] if values else None


# For an option of which click would take the last of two without a word.
ONCE: dict[str, Any] = {"multiple": True, "callback": _only_value}


def data_option(help_text: str, *, required: bool = False) -> Any:
    """`--data SOURCE`, with what it means for one command."""
    return click.option("--data", metavar="SOURCE", required=required, help=help_text, **ONCE)


skip_bad_option = click.option(
    "--skip-bad", is_flag=True, help="Go on without files of a folder that can't be read."
)
