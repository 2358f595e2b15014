"""What a service takes at most: of a request, and of all together."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from vaekit.errors import OptionError, closest
from vaekit.wording import option_text

_IMAGES = 2**26  # bytes: the images of one request, or of one call of the model, as float32
JSON_NUMBERS = 2**18  # in an answer as JSON: as Python's numbers and text, some 64 bytes each
_JSON_NUMBER = 64
_COPIES = 4  # of a row: read, joined, what the model makes of it, and its answer
PIXELS = 2**24  # that an image file may declare: 4096 x 4096


class Limits(NamedTuple):
    """Limits of a service.

    max_body: bytes that a request may carry. body_timeout: seconds that they may take to come.
    max_rows: images or latents a request. max_batch: rows that go through the model in one call,
    those of several requests. wait_ms: milliseconds that the first of them waits for others.
    queue: rows that may wait for the model; more are answered 503. timeout: seconds for an answer,
    from when its request is there. connections: requests under way at a time.
    memory: bytes that all requests under way may hold: bodies, images, answers.
    """

    max_body: int = 2**24
    body_timeout: float = 10.0
    max_rows: int = 256
    max_batch: int = 256
    wait_ms: float = 2.0
    queue: int = 1024
    timeout: float = 30.0
    connections: int = 256
    memory: int = 2**29

    def checked(self) -> Limits:
        """The same. Raises `OptionError` for a value that can't be, or that others don't allow."""
        for name, value in self._asdict().items():
            whole = isinstance(Limits._field_defaults[name], int)
            kinds: Any = int if whole else (int, float)
            if isinstance(value, bool) or not isinstance(value, kinds):
                what = "a whole number" if whole else "a number"
                raise OptionError(f"{option_text(name)} takes {what}, and {value!r} is none.")
            if not math.isfinite(value) or value < 0 or (value == 0 and name != "wait_ms"):
                raise OptionError(f"{option_text(name)} is {value}; take more than 0.")
        if self.max_rows > self.max_batch:
            raise OptionError(
                f"{option_text('max_rows')} is {self.max_rows}, more than a call of the model takes"
                f": {option_text('max_batch', self.max_batch)}. Make one of them fit the other."
            )
        if self.queue < self.max_rows:
            raise OptionError(
                f"{option_text('queue')} is {self.queue}, fewer rows than one request may have: "
                f"{option_text('max_rows', self.max_rows)}. Make one of them fit the other."
            )
        return self

    def of_rows(self, values: int) -> Limits:
        """With no more rows a request and a call than may be held, of so many values each.

        Raises `OptionError` where the memory isn't enough for one request.
        """
        most = max(1, _IMAGES // (4 * values))
        rows = min(self.max_rows, most)
        fitted = self._replace(max_rows=rows, max_batch=min(self.max_batch, most))
        least = self.max_body + rows * row_bytes(values) + JSON_NUMBERS * _JSON_NUMBER
        if least > self.memory:
            raise OptionError(
                f"{option_text('memory')} is {self.memory} bytes, and one request may hold {least}"
                f". Give more of it, or a smaller {option_text('max_body')} or "
                f"{option_text('max_rows')}."
            )
        return fitted


def limits_of(asked: Mapping[str, Any]) -> Limits:
    """The limits of these names, and the others at their defaults.

    Raises `OptionError` for a name that none has, and as `Limits.checked` does.
    """
    for name in asked:
        if name not in Limits._fields:
            raise OptionError(f"There is no limit {name!r}. {closest(name, Limits._fields)}")
    return Limits(**asked).checked()


def row_bytes(values: int) -> int:
    """What a row of so many values takes from when it is read until it is answered."""
    return _COPIES * 4 * values


def json_bytes(numbers: int) -> int:
    """What so many numbers take as JSON is made of them."""
    return _JSON_NUMBER * numbers
