"""How training goes, in a notebook: a widget that leaves one line."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from vaekit.page import render
from vaekit.trainer.progress import NATS, Lines, short, valued

_SECONDS_A_LOOK = 0.25
_WIDE, _HIGH = 120, 22  # of the line of losses, in pixels


class NotebookBar(Lines):
    """A bar for all epochs, the speed, the time left and the terms, where lines would pile up.

    It is HTML that is shown anew, which needs no ipywidgets; a front end without HTML has a line of
    text. When training ends, one line remains. What is noted is printed, and stays.
    """

    def start(self, epochs: int, images: int, *, may_stop: bool, terms: Sequence[str]) -> None:
        """Show the widget."""
        from IPython import display

        super().start(epochs, images, may_stop=may_stop, terms=terms)
        self._began = time.monotonic()
        self._moved = self._began
        self._first: int | None = None  # images that were done before: a resumed run has some
        self._looked = 0.0
        self._rows: list[Mapping[str, Any]] = []
        self._now: Mapping[str, float] = {}
        self._rate, self._done, self._epoch = 0.0, 0, 0
        self._handle = display.display(self._moving(), raw=True, display_id=True)

    def advance(self, epoch: int, done: int, rate: float, terms: Mapping[str, float]) -> None:
        """Move the bar."""
        self._epoch, self._rate, self._now = epoch, rate, terms
        self._done = epoch * self._images + done
        if self._first is None:
            self._first, self._moved = self._done, time.monotonic()  # what comes first compiles
        if time.monotonic() - self._looked >= _SECONDS_A_LOOK:
            self._looked = time.monotonic()
            self._handle.update(self._moving(), raw=True)

    def epoch_end(self, epoch: int, row: Mapping[str, Any]) -> None:
        """Show what the epoch came to."""
        self._rows.append(row)
        self._handle.update(self._moving(), raw=True)

    def close(self) -> None:
        """Leave the line."""
        text = self._result()
        bundle = {"text/plain": text, "text/html": self._html("training_result.html", text=text)}
        self._handle.update(bundle, raw=True)

    def _moving(self) -> dict[str, str]:
        """What a front end may show: it chooses the richest that it can."""
        whole = self._epochs * self._images
        facts = [f"{self._done / whole:.0%}"]
        if self._now:
            facts += [f"{self._rate:,.0f} images/s", *self._left(whole)]
        values = " ".join(f"{name} {short(value)}" for name, value in self._now.items())
        return {
            "text/plain": "  ".join(filter(None, [self._label(self._epoch), *facts, values])),
            "text/html": self._html(
                "training.html",
                label=self._label(self._epoch),
                facts=facts,
                done=self._done,
                whole=whole,
                names=list(self._now),
                lines=self._table(),
                points=_points([row["val_loss"] for row in self._rows if "val_loss" in row]),
                size=(_WIDE, _HIGH),
            ),
        }

    def _html(self, template: str, **values: Any) -> str:
        return render(["vaekit.trainer"], template, None, **values)

    def _table(self) -> list[tuple[str, list[str]]]:
        """A line for now and, of the last epoch that is over, one for training and held-out."""
        sources = [("now", self._now, "")] if self._now else []
        if self._rows:
            last = self._rows[-1]
            sources += [(f"epoch {last['epoch']}", last, ""), ("held-out images", last, "val_")]
        return [(name, self._numbers(row, prefix)) for name, row, prefix in sources]

    def _numbers(self, row: Mapping[str, Any], prefix: str) -> list[str]:
        """The terms of now in another line; of one that it lacks nothing."""
        names = [f"{prefix}{term}" for term in self._now]
        return [short(row[name]) if name in row else "" for name in names]

    def _left(self, whole: int) -> list[str]:
        """How long it will go on at the pace until now, validations included."""
        done = self._done - (self._first or 0)
        if not done:
            return []
        seconds = (time.monotonic() - self._moved) * (whole - self._done) / done
        return [f"{'at most ' if self._may_stop else ''}{duration(seconds)} left"]

    def _result(self) -> str:
        if not self._rows:
            return f"No epoch of {self._epochs} was ended."
        last = self._rows[-1]
        of = f" of {'at most ' if self._may_stop else ''}{self._epochs}"
        done = f"{last['epoch']}{of if last['epoch'] < self._epochs else ''}"
        epochs = f"{done} epoch{'' if done == '1' else 's'}"
        names = [name for name in ("loss", "elbo", "kl") if name in last]
        numbers = [valued(last, name) + (" nats" if name in NATS else "") for name in names]
        spent = duration(time.monotonic() - self._began)
        return f"Trained {epochs} in {spent}: {', '.join(numbers)}"


def duration(seconds: float) -> str:
    """So long, in the two largest units: `3 min 20 s`."""
    minutes, rest = divmod(round(seconds), 60)
    if not minutes:
        return f"{rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def _points(values: Sequence[float]) -> str:
    """The corners of a line through these, as SVG has them; none for fewer than two."""
    if len(values) < 2:
        return ""
    low, high = min(values), max(values)
    return " ".join(
        f"{1 + number * (_WIDE - 2) / (len(values) - 1):.1f},"
        f"{1 + (high - value) / ((high - low) or 1.0) * (_HIGH - 2):.1f}"
        for number, value in enumerate(values)
    )
