"""What a format is: how a model is written in it, and run again by what runs it."""

from __future__ import annotations

import importlib.util
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import keras
import numpy as np

from vaekit.errors import UserError
from vaekit.wording import install_text

Arrays = Mapping[str, np.ndarray]
Runner = Callable[[Arrays], dict[str, np.ndarray]]


class Format(ABC):
    """One format, and its runtime.

    A stem is a file's path without its ending: `runs/a/exports/onnx/encoder`.

    name: as it is asked for. title: as sentences say it. ending: of the file that is opened, empty
        for a folder. modules: what must be installed to write it and to check it. extra: the extra
        of vaekit that brings them. distributions: whose versions are recorded.
    quantizations: what it can be written in beside float32.
    """

    name: str
    title: str
    ending: str = ""
    modules: tuple[str, ...] = ()
    extra: str = ""
    distributions: tuple[str, ...] = ()
    quantizations: tuple[str, ...] = ()

    @abstractmethod
    def write(
        self,
        model: keras.Model,
        inputs: Sequence[str],
        outputs: Sequence[str],
        stem: Path,
        quantize: str | None,
    ) -> None:
        """Write a model with these names and a batch of any size. Keras runs on TensorFlow here.

        Raises `UserError` for an operation that the format lacks.
        """

    @abstractmethod
    def open(self, stem: Path) -> Runner:
        """The runtime, with the file: arrays by name -> arrays by name. Raises as it does."""

    @abstractmethod
    def example(self, path: str, inputs: Mapping[str, str], outputs: Sequence[str]) -> str:
        """Three lines of Python that run a file.

        inputs: by name, an expression that makes one, of NumPy as `np`.
        """

    def path(self, stem: Path) -> Path:
        """What is opened."""
        return stem.with_name(stem.name + self.ending)

    def files(self, stem: Path) -> list[Path]:
        """All files that were written."""
        return [self.path(stem)]

    def about(self, stem: Path) -> dict[str, Any]:
        """What else is recorded of a file."""
        return {}

    def refuse_missing(self) -> None:
        """Raise `UserError` if what writes or checks the format isn't installed."""
        for name in self.modules:
            if importlib.util.find_spec(name) is None:
                raise UserError(
                    f"A model as {self.title} needs {name}, which isn't installed: "
                    f"{install_text(f'vaekit[{self.extra}]')}."
                )

    def versions(self) -> dict[str, str]:
        """Of what wrote and checked it."""
        return {name: version(name) for name in ("keras", "tensorflow", *self.distributions)}


def first_line(error: Exception) -> str:
    """What a library's error says, as part of a sentence."""
    lines = str(error).strip().splitlines()
    return (lines[0] if lines else type(error).__name__).rstrip(". ")


_INSTEAD = "choose a network of other layers, or a SavedModel, which takes any."


def refused(title: str, name: str, why: Exception | str) -> UserError:
    """What to raise for a model that a format, or its runtime, can't hold."""
    reason = why if isinstance(why, str) else first_line(why)
    return UserError(f"{title} can't hold {name}: {reason}; {_INSTEAD}")


def lacking(title: str, name: str, operations: Iterable[str]) -> UserError:
    """What to raise for operations of a model that a format hasn't got."""
    names = ", ".join(sorted(set(operations)))
    return UserError(f"{title} lacks {names}, of which {name} makes use: {_INSTEAD}")


def call_text(inputs: Mapping[str, str]) -> str:
    """Inputs as a dict is written."""
    return "{" + ", ".join(f'"{name}": {value}' for name, value in inputs.items()) + "}"
