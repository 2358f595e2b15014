"""How a source is to be read."""

from __future__ import annotations

from typing import Any, NamedTuple, get_args

from vaekit.config import Resize
from vaekit.data.budget import Budget
from vaekit.data.fit import Fit, How
from vaekit.data.pixels import SMALLEST
from vaekit.errors import OptionError
from vaekit.image_size import parse_image_size


class ReadOptions(NamedTuple):
    """What a user may ask of the reading of any source; see `vaekit.load_data`."""

    image_size: tuple[int, int] | None = None
    resize: Resize | None = None
    gray: bool = False
    skip_bad: bool = False
    budget: Budget | None = None
    progress: bool = False

    @classmethod
    def checked(cls, *, image_size: Any, resize: Any, **others: Any) -> ReadOptions:
        """The options as a user gives them: the size as 64, "64x48" or (64, 48), or None.

        Raises `OptionError` for anything else, for sides of less than 8 pixels, and for a way of
        resizing that there isn't.
        """
        if resize is not None and resize not in get_args(Resize):
            raise OptionError(f"There is no resize {resize!r}: {', '.join(get_args(Resize))}.")
        return cls(_checked_size(image_size), resize, **others)

    def fit_for(self, default: How) -> Fit | None:
        """How images come to their size; None where they are to stay as they are."""
        return None if self.image_size is None else Fit(self.image_size, self.resize or default)


def _checked_size(image_size: Any) -> tuple[int, int] | None:
    if image_size is None:
        return None
    try:
        height, width = parse_image_size(image_size)
    except ValueError as error:
        raise OptionError(f"The image size can't be {image_size!r}: {error}.") from None
    if min(height, width) < SMALLEST:
        raise OptionError(
            f"The image size is {height}x{width}; give height and width in pixels, {SMALLEST} or "
            "more."
        )
    return height, width
