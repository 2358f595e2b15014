"""The axes of a sweep: what its trials differ in, and the values that each may take."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vaekit.config import TrainConfig, about
from vaekit.errors import OptionError, closest

if TYPE_CHECKING:
    from optuna import Trial

Value = str | int | float | bool

# A process has one of each, and trains many trials.
_OF_THE_PROCESS = ("backend", "device", "threads", "allocator", "onednn")
_BOUNDS = ("low", "high", "log", "step")


@dataclass(frozen=True)
class Choices:
    """An axis of listed values, in no order."""

    name: str
    values: tuple[Value, ...]

    def suggest(self, trial: Trial) -> Value:
        """The trial's value, which it keeps."""
        return trial.suggest_categorical(self.name, self.values)  # type: ignore[return-value]


@dataclass(frozen=True)
class Range:
    """An axis of numbers from `low` to `high`, both among them; whole ones if both are.

    log: drawn evenly by their logarithm. step: only every so much from `low` on.
    """

    name: str
    low: float
    high: float
    log: bool = False
    step: float | None = None

    @property
    def whole(self) -> bool:
        """Whether its values are whole numbers."""
        return isinstance(self.low, int) and isinstance(self.high, int)

    @property
    def values(self) -> tuple[Value, ...]:
        """Those that stand for all: both ends, and one between."""
        if self.whole:
            return (self.low, self.high, int(self.low + self.high) // 2)
        return (self.low, self.high, self.low + 0.381 * (self.high - self.low))

    def suggest(self, trial: Trial) -> Value:
        """The trial's value, which it keeps."""
        if self.whole:
            step = 1 if self.step is None else int(self.step)
            low, high = int(self.low), int(self.high)
            return trial.suggest_int(self.name, low, high, log=self.log, step=step)
        return trial.suggest_float(self.name, self.low, self.high, log=self.log, step=self.step)


Axis = Choices | Range


def option_tables() -> set[str]:
    """The fields of a config that hold options: `loss_opt`, `data_opt`, ..."""
    fields = TrainConfig.model_fields
    return {name for name in fields if name.endswith("_opt")}


def parse_axes(table: Mapping[str, Any], where: str) -> list[Axis]:
    """The axes that a table of a file gives, by name; of options as `loss_opt.beta`.

    where: the file and the table, for errors.

    Raises `OptionError` for a name that is no field of a config or can't be an axis, and for one
    without values, or with some that can't be of one.
    """
    axes = [_axis(name, values, where) for name, values in _flat(table, where)]
    if not axes:
        raise OptionError(f"{where} names nothing to vary. Give a field and its values.")
    return axes


def settings_of(fixed: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of one trial's config: what is fixed, and over it these values of the axes."""
    settings = {
        name: dict(value) if isinstance(value, Mapping) else value for name, value in fixed.items()
    }
    for name, value in values.items():
        field, dot, option = name.partition(".")
        if dot:
            settings.setdefault(field, {})[option] = value
        else:
            settings[field] = value
    return settings


def _flat(table: Mapping[str, Any], where: str) -> Iterator[tuple[str, Any]]:
    """The axes' names and what they may be, those of tables of options among them."""
    for name, values in table.items():
        _refuse_name(name, where)
        if name not in option_tables():
            yield name, values
        elif not isinstance(values, Mapping):
            raise OptionError(f"{where}: {name} is a table of options: write {name}.NAME = [...].")
        else:
            yield from ((f"{name}.{option}", of_one) for option, of_one in values.items())


def _refuse_name(name: str, where: str) -> None:
    if name not in TrainConfig.model_fields:
        raise OptionError(
            f"{where}: there is no option {name!r}. {closest(name, TrainConfig.model_fields)}"
        )
    if name in _OF_THE_PROCESS:
        raise OptionError(
            f"{where}: {name} can't be an axis: a process has one, and trains many trials. Sweep "
            "for each on its own."
        )
    if about(name, "group") == "output":
        raise OptionError(f"{where}: {name} can't be an axis: it changes nothing that is computed.")


def _axis(name: str, values: Any, where: str) -> Axis:
    if isinstance(values, Mapping):
        return _range(name, values, f"{where}: {name}")
    if not isinstance(values, Sequence) or isinstance(values, str):
        raise OptionError(
            f"{where}: {name} is one value, {values!r}. Give a list, or set it among what is fixed."
        )
    if not values:
        raise OptionError(f"{where}: {name} has no values.")
    for at, value in enumerate(values):
        if not isinstance(value, Value):
            raise OptionError(
                f"{where}: {name} can't be {value!r}. Give texts, numbers, true or false; several "
                'of a kind as one text, "a,b".'
            )
        if value in values[:at]:
            raise OptionError(f"{where}: {name} has {value!r} twice.")
    return Choices(name, tuple(values))


def _range(name: str, table: Mapping[str, Any], where: str) -> Range:
    unknown = [key for key in table if key not in _BOUNDS]
    if unknown:
        raise OptionError(f"{where} has {unknown[0]!r}. {closest(unknown[0], _BOUNDS)}")
    for key in ("low", "high", "step"):
        number = table.get(key)
        if not _is_number(number) and not (key == "step" and number is None):
            raise OptionError(f"{where}.{key} is to be a number{_not_so(number)}.")
    low, high, step, log = table["low"], table["high"], table.get("step"), table.get("log", False)
    if not isinstance(log, bool):
        raise OptionError(f"{where}.log is to be true or false, not {log!r}.")
    if not low < high:
        raise OptionError(f"{where}: low, {low}, is to be below high, {high}.")
    if log and (low <= 0 or step is not None):
        raise OptionError(f"{where}: by logarithm, low is to be above 0, and there is no step.")
    if step is not None and step <= 0:
        raise OptionError(f"{where}.step is to be above 0, not {step}.")
    axis = Range(name, low, high, log, step)
    if axis.whole and isinstance(step, float):
        raise OptionError(f"{where}.step is to be a whole number, as low and high are.")
    return axis


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300


def _not_so(value: Any) -> str:
    return "" if value is None else f", not {value!r}"
