"""Keras's import without what nobody asked for: scikit-learn, pandas, pyplot, TensorFlow's JAX.

Keras and TensorFlow import every library that they know, wherever it is installed, and all of their
names, old ones too. On two cores that is more than a third of the import (`vaekit bench --measure
startup`). What of it is a module of its own is left for whoever looks into it first, and works then
as ever; nothing that computes is among it.
"""

from __future__ import annotations

import importlib
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any, NamedTuple

# Modules that are loaded at the first look into them, by why. All are names for what lies
# elsewhere, or Keras's doors to other libraries; what computes or registers gradients is not there.
LATER = frozenset(
    {
        # scikit-learn, and SciPy with it
        "keras.wrappers",
        "keras._tf_keras.keras.wrappers",
        # pandas
        "keras.src.trainers.data_adapters.array_slicing",
        # matplotlib.pyplot
        "keras.src.visualization",
        "keras.visualization",
        "keras._tf_keras.keras.visualization",
        # JAX, by TensorFlow Lite
        "tensorflow._api.v2.lite",
        # TensorFlow 1's names, and each name once more
        "tensorflow._api.v2.compat.v1",
        "tensorflow._api.v2.compat.v2",
        # what trains by tables, on TPUs and in TensorFlow's own tests
        "tensorflow._api.v2.__internal__.distribute.combinations",
        "tensorflow._api.v2.__internal__.distribute.multi_process_runner",
        "tensorflow._api.v2.__internal__.feature_column",
        "tensorflow._api.v2.feature_column",
        "tensorflow._api.v2.tpu",
        "tensorflow._api.v2.__internal__.test",
        "tensorflow._api.v2.debugging.experimental",
        "tensorflow._api.v2.experimental.tensorrt",
        "tensorflow._api.v2.test",
        # TensorFlow's own Keras, as it was before Keras 3; modules of it are imported without all
        "tensorflow.python.keras",
    }
)
# Modules that have names from another; it is imported when one of these names is asked for.
# Behind three cells of recurrent nets lies all of that Keras.
NAMES_LATER = {"tensorflow._api.v2.nn": "tensorflow.python.keras.layers.rnn_cell_wrapper_v2"}
# Modules that import another if they can, and do without; whoever needs it has imported it before:
# a notebook IPython, and Keras on JAX that.
WITHOUT = {
    "keras.src.saving.file_editor": "IPython",
    "keras.src.callbacks.orbax_checkpoint": "jax",
}
# Empty packages that `tensorflow.NAME` would become, if they were imported after the module that it
# is to be.
_BEFORE = {"tensorflow._api.v2.lite": "tensorflow.lite"}


@contextmanager
def lean_import() -> Iterator[None]:
    """While entered, Keras may be imported by this thread, and what nobody asked for isn't."""
    finder = _Finder()
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


class _Finder(MetaPathFinder):
    def __init__(self) -> None:
        self._thread = threading.get_ident()
        self._hidden: str | None = None

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if threading.get_ident() != self._thread:
            return None
        if name == self._hidden:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        if name not in LATER and name not in WITHOUT and name not in NAMES_LATER:
            return None
        if name in _BEFORE:
            importlib.import_module(_BEFORE[name])
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = self._loader_for(name, spec.loader)
        return spec

    def _loader_for(self, name: str, loader: Loader) -> Loader:
        if name in LATER:
            return _Later(loader)
        if name in NAMES_LATER:
            return _NamesLater(loader)
        return _Without(loader, self)

    @contextmanager
    def without(self, name: str) -> Iterator[None]:
        """While entered, a module isn't found, unless it is loaded already."""
        self._hidden = name
        try:
            yield
        finally:
            self._hidden = None


class _Without(Loader):
    """Runs a module that does without another."""

    def __init__(self, loader: Loader, finder: _Finder) -> None:
        self._loader, self._finder = loader, finder

    def exec_module(self, module: ModuleType) -> None:
        _belongs_to(module, self._loader)
        with self._finder.without(WITHOUT[module.__name__]):
            self._loader.exec_module(module)


class _NamesLater(Loader):
    """Runs a module without another that it has names from; they are there when they are asked for.

    By its own `__getattr__` and `__dir__` (PEP 562).
    """

    def __init__(self, loader: Loader) -> None:
        self._loader = loader

    def exec_module(self, module: ModuleType) -> None:
        _belongs_to(module, self._loader)
        source = NAMES_LATER[module.__name__]
        if source in sys.modules:
            self._loader.exec_module(module)
            return
        sys.modules[source] = _StandIn(source)
        try:
            self._loader.exec_module(module)
        finally:
            del sys.modules[source]
        of = module.__dict__
        later = {name: value.name for name, value in of.items() if type(value) is _Name}

        def __getattr__(name: str) -> Any:
            if name not in later:
                raise AttributeError(f"module {module.__name__!r} has no attribute {name!r}")
            of[name] = getattr(importlib.import_module(source), later[name])
            return of[name]

        for name in later:
            del of[name]
        of.update(__getattr__=__getattr__, __dir__=lambda: sorted({*of, *later}))


class _StandIn(ModuleType):
    """A module that says of every name that it will have it."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Name(name)


class _Name(NamedTuple):
    """What a name will stand for, in the module that it is from."""

    name: str


class _Later(Loader):
    """Leaves a module to be run when something is looked for in it."""

    def __init__(self, loader: Loader) -> None:
        self._loader = loader

    def exec_module(self, module: ModuleType) -> None:
        _belongs_to(module, self._loader)
        module.__class__ = _Unloaded


_loading = threading.RLock()
_under_way: set[str] = set()


class _Unloaded(ModuleType):
    """A module that runs when a name of it is first missing.

    `importlib.util.LazyLoader` gives one that runs at any look at it, which `inspect` takes at all
    modules there are, and that isn't whole for a second thread (before Python 3.12.3).
    """

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("__") or name == "__all__":
            _load(self)
        if name in self.__dict__:
            return self.__dict__[name]
        raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")

    def __dir__(self) -> list[str]:
        _load(self)
        return sorted(self.__dict__)


def _load(module: ModuleType) -> None:
    with _loading:
        # By the thread that runs it already, names may still be missing, as in any circle.
        if type(module) is not _Unloaded or module.__name__ in _under_way:
            return
        _under_way.add(module.__name__)
        try:
            loader = module.__spec__.loader if module.__spec__ else None
            assert loader is not None
            loader.exec_module(module)
            module.__class__ = ModuleType  # type: ignore[assignment]
            _take_place(module)
        finally:
            _under_way.discard(module.__name__)


def _take_place(module: ModuleType) -> None:
    """Let a package know what a module has put in its own place, as TensorFlow 1's names do."""
    name = module.__spec__.name if module.__spec__ else module.__name__
    standing = sys.modules.get(name, module)
    package, _, child = name.rpartition(".")
    if standing is not module and package in sys.modules:
        setattr(sys.modules[package], child, standing)


def _belongs_to(module: ModuleType, loader: Loader) -> None:
    """Let a module know its own loader again, which tells where its source is."""
    module.__loader__ = loader
    if module.__spec__ is not None:
        module.__spec__.loader = loader
