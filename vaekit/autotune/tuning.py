"""What a run is trained by where its options leave that open, and why."""

from __future__ import annotations

import os
import statistics
import sys
from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple

from vaekit.autotune.cache import Measurement
from vaekit.autotune.combination import OPTIONS, USUAL, Combination
from vaekit.autotune.length import LONG, is_long
from vaekit.autotune.measure import measurement_for
from vaekit.config import TrainConfig
from vaekit.errors import OptionError, VaekitError
from vaekit.startup import BACKENDS, Choice
from vaekit.startup.onednn import onednn_asked
from vaekit.wording import option_text

VARIABLE = "VAEKIT_AUTOTUNE"
GAIN = 1.05  # of the usual combination's speed; below, nothing departs from it
_NAMES = {"tensorflow": "TensorFlow", "jax": "JAX", "torch": "PyTorch"}


class Tuning(NamedTuple):
    """What was chosen. values: of options that were left open. reasons: for them, by option."""

    choice: Choice
    values: Mapping[str, Any] = {}
    reasons: Mapping[str, str] = {}

    def applied(self, config: TrainConfig) -> TrainConfig:
        """`config` with what was chosen."""
        return config.model_copy(update=dict(self.values))


def _off(why: str) -> Tuning:
    return Tuning(Choice("autotune", "off", why))


UNTUNED = _off("no run of several epochs")


def tune(config: TrainConfig, data: Any, backend: str, note: Callable[[str], None]) -> Tuning:
    """What is faster on this machine, for a new run of `config` on `data` by `backend`.

    It must be known before the backend starts, so nothing here imports Keras. What was measured
    is kept: the same command chooses the same until it is measured anew.

    note: is told one sentence where it measures, and one where another backend is faster.

    Raises `OptionError` if the environment asks for what is no choice.
    """
    asked, by = _asked(config)
    if asked == "off":
        return _off(f"as {by} asks")
    if config.workers > 1:
        return _off("several workers take what is usual")
    if asked == "auto" and not is_long(config, data):
        return _off(f"the run is short: under {LONG:,} images, all epochs together")
    try:
        measured, now = measurement_for(backend, config.device, again=asked == "again", note=note)
    except VaekitError as error:
        return _off(f"what is measured can't be kept: {error}".removesuffix("."))
    if measured.failed is not None:
        return _off(f"the measurement failed: {measured.failed}")
    if backend != USUAL.backend:
        sentence = faster_backend(measured)
        if sentence and now:
            note(sentence)
        return Tuning(Choice("autotune", "measured", sentence or f"{backend} is not slower"))
    options = {name: getattr(config, name) for name in OPTIONS}
    if options["onednn"] is None:
        options["onednn"] = onednn_asked()
    # In a notebook: it may have its threads already.
    settled = ("threads",) if "tensorflow" in sys.modules else ()
    return chosen_of(measured, options, settled)


def _asked(config: TrainConfig) -> tuple[str, str]:
    """`auto`, `on`, `off` or `again`, and who says so.

    The environment says it where the options leave it open.
    """
    named = os.environ.get(VARIABLE, "")
    if config.autotune != "auto" or not named:
        return config.autotune, option_text("autotune")
    if named not in ("auto", "on", "off", "again"):
        raise OptionError(f"{VARIABLE} can't be {named!r}: choose auto, on, off or again.")
    return named, VARIABLE


def chosen_of(
    measured: Measurement, asked: Mapping[str, Any], settled: Collection[str] = ()
) -> Tuning:
    """The fastest combination that has what was asked for, and is usual in what is `settled`.

    It departs from the usual one only where it was faster in every round, by a twentieth in the
    median; of those as fast as the fastest, to a fiftieth, the one that departs least.
    """
    when = measured.measured[:10]
    rates = {one: values for one, values in measured.rates.items() if not one.xla}
    fitting = [one for one in rates if one.fits(asked) and one.usual_in(settled)]
    if not fitting:
        return Tuning(Choice("autotune", "measured", f"{when}, without what was asked for"))
    usual = fitting[0]
    gains = {one: _gain(rates[one], rates[usual]) for one in fitting}
    best = max(gains.values())
    chosen = min(
        (one for one in fitting if gains[one] >= best - 0.02),
        key=lambda one: (one.departures(), -gains[one]),
    )
    if gains[chosen] < GAIN:
        chosen = usual
    why = f"measured on this machine, {when}: {_compared(rates, chosen, usual, gains[chosen])}"
    left_open = [name for name in OPTIONS if asked[name] is None and name not in settled]
    values = {
        name: getattr(chosen, name)
        for name in left_open
        if getattr(chosen, name) != getattr(USUAL, name)
    }
    reasons = dict.fromkeys(left_open, why)
    xla = _of_xla(measured, chosen)
    if xla:
        reasons["xla"] = xla
    return Tuning(Choice("autotune", "measured", f"{when}: {chosen.text()}"), values, reasons)


def _gain(mine: list[float], usual: list[float]) -> float:
    """The median of the rounds' ratios; at most 1 where a round wasn't won."""
    ratios = [a / b for a, b in zip(mine, usual, strict=False)]
    if len(mine) < len(usual) or min(ratios) <= 1:
        return min(1.0, statistics.median(ratios))
    return statistics.median(ratios)


def _compared(
    rates: Mapping[Combination, list[float]], chosen: Combination, usual: Combination, gain: float
) -> str:
    speed = f"{statistics.median(rates[chosen]):,.0f} images/s"
    if chosen == usual:
        return f"{speed}, nothing else clearly faster"
    return f"{speed}, {gain:.2f} x what is usual"


def _of_xla(measured: Measurement, chosen: Combination) -> str:
    """Half a sentence on XLA where it is much faster; empty where it wasn't measured, or isn't."""
    compiled = measured.rates.get(chosen._replace(xla=True))
    if compiled is None:
        return ""
    gain = _gain(compiled, measured.rates[chosen])
    if gain < GAIN:
        return ""
    return f"with it {gain:.2f} x as fast, as measured, but not every part can be compiled"


def faster_backend(measured: Measurement) -> str:
    """One sentence, where a backend that was measured is faster than the run's own; else empty."""
    (own, mine), *others = measured.rates.items()
    best = max(others, key=lambda other: _gain(other[1], mine), default=None)
    if best is None or _gain(best[1], mine) < GAIN:
        return ""
    one, rates = best
    assert one.backend in BACKENDS
    return (
        f"On this machine {_NAMES[one.backend]} trains the tutorial's nets at "
        f"{statistics.median(rates):,.0f} images/s and {_NAMES[own.backend]} at "
        f"{statistics.median(mine):,.0f}, as measured: {option_text('backend', one.backend)}."
    )


def begun_with(config: TrainConfig, earlier: TrainConfig) -> TrainConfig:
    """`config`, with what a run that goes on began with where its options leave that open."""
    kept = {
        name: getattr(earlier, name) for name in (*OPTIONS, "xla") if getattr(config, name) is None
    }
    return config.model_copy(update={name: v for name, v in kept.items() if v is not None})
