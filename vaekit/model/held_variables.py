"""The variables of a part: those that it holds, and those that a call of it reads.

What it holds is trained, saved and restored with the VAE. What it reads and doesn't hold would be
neither, so that is refused.
"""

from __future__ import annotations

import functools
import types
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import keras

from vaekit.errors import BuildError

# What a part may have among its attributes, and what is in there is not the part's own.
_OTHERS = (types.ModuleType, type, keras.KerasTensor, keras.optimizers.Optimizer, str, bytes)


class HeldVariables(NamedTuple):
    """A part's variables, and those of them that a gradient is to move."""

    variables: list[keras.Variable]
    trainable: list[keras.Variable]


def variables_of(*holders: Any, but: Collection[Any] = ()) -> HeldVariables:
    """The variables that objects hold, each once, in the order of their attributes.

    They are looked for among attributes, in lists, tuples, dicts and objects of these, and in what
    a function closes over; a layer's are all of the part, as trainable as the layer has them.

    but: variables, and objects with variables, that are not the part's.
    """
    others = {id(other) for other in but}
    seen = set(others)
    held = {
        id(variable): (variable, trainable)
        for holder in holders
        for variable, trainable in _held(holder, seen)
        if id(variable) not in others
    }.values()
    return HeldVariables([v for v, _ in held], [v for v, trainable in held if trainable])


def _held(value: Any, seen: set[int]) -> Iterator[tuple[keras.Variable, bool]]:
    if id(value) in seen or isinstance(value, _OTHERS):
        return
    seen.add(id(value))
    if isinstance(value, keras.Variable):
        yield value, value.trainable
    elif isinstance(value, keras.Layer):
        moved = {id(variable) for variable in value.trainable_variables}
        yield from ((variable, id(variable) in moved) for variable in value.variables)
    elif not keras.ops.is_tensor(value):
        for part in _parts(value):
            yield from _held(part, seen)


def _parts(value: Any) -> Iterator[Any]:
    """What an object that is neither a variable nor a layer holds."""
    if isinstance(value, dict):
        yield from value.values()
    elif isinstance(value, list | tuple):
        yield from value
    elif isinstance(value, types.MethodType):
        yield from (value.__self__, value.__func__)
    elif isinstance(value, functools.partial):
        yield from (value.func, value.args, value.keywords)
    elif isinstance(value, types.FunctionType):
        yield from (cell.cell_contents for cell in value.__closure__ or () if not _is_empty(cell))
    yield from getattr(value, "__dict__", {}).values()


def _is_empty(cell: types.CellType) -> bool:
    """Whether a name that a function closes over has no value yet."""
    try:
        _ = cell.cell_contents
    except ValueError:
        return True
    return False


class VariablesUsed(keras.StatelessScope):  # type: ignore[misc]  # Keras is untyped
    """While entered, no variable changes, and each that is read or assigned to is noted."""

    def __init__(self) -> None:
        super().__init__()
        self._used: dict[int, keras.Variable] = {}

    def get_current_value(self, variable: keras.Variable) -> Any:
        """The value that a variable has in this scope."""
        self._used[id(variable)] = variable
        return super().get_current_value(variable)

    def add_update(self, update: tuple[keras.Variable, Any]) -> None:
        """Take a variable's next value, for this scope alone."""
        self._used[id(update[0])] = update[0]
        super().add_update(update)

    def refuse_others(
        self, who: str, held: Collection[keras.Variable], earlier: VariablesUsed
    ) -> None:
        """Raise `BuildError` for a variable that was used and is none of those `held`.

        who: whose calls these were. earlier: the scope of calls before; what was not used in them
            is made anew by each.
        """
        for variable in self.others(held):
            does = "uses" if id(variable) in earlier._used else "makes, at each call,"
            raise BuildError(
                f"{who} {does} the variable {variable.path!r} and doesn't hold it, so that it "
                "would be neither trained nor saved. Make it once, in the factory, and keep it "
                "as an attribute of the part."
            )

    def others(self, held: Collection[keras.Variable]) -> list[keras.Variable]:
        """The variables that were used and are none of those `held`."""
        own = {id(variable) for variable in held}
        return [variable for key, variable in self._used.items() if key not in own]


@contextmanager
def refused_creation(who: str) -> Iterator[None]:
    """Within a stateless scope: raise `BuildError` for a variable that is made from a value."""
    try:
        yield
    except ValueError as error:
        if "create a variable while in a stateless scope" not in " ".join(str(error).split()):
            raise
        raise BuildError(
            f"{who} makes a variable when it is called, which would be neither trained nor saved. "
            "Make it once, in the factory, and keep it as an attribute of the part."
        ) from error
