"""Weights of strangers, taken into a model when names, shapes, types and values are right.

Two ways of laying them out are read: Keras 3's, `layers/<class>_<number>/vars/<number>`, and the
older one of whole models in `.h5`, `<layer>/<weight's name>` with lists of names as attributes.
Every array is checked before any is assigned. Nothing else in the file is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from vaekit.errors import ModelFileError
from vaekit.model_files.tree import Branch, Leaf
from vaekit.untrusted.hdf5 import HDF5File
from vaekit.untrusted.reading import plain

_OLD_ROOT = "model_weights"


class _Place(NamedTuple):
    """A variable, and the path of the dataset with its value. needed: whether it must be there."""

    variable: Any
    path: str
    needed: bool = True


def count_stored(file: HDF5File) -> int:
    """How many numbers a file could hold weights of."""
    return sum(
        int(np.prod(item.shape, dtype=object)) for item in file.datasets.values() if item.stored
    )


def assign(branch: Branch, file: HDF5File) -> None:
    """Give a model the weights of a file.

    Raises `ModelFileError` if one is missing, is for a layer that isn't there, has another shape
    or type, or isn't finite; the model is then as it was.
    """
    if file.links:
        name, kind = next(iter(file.links.items()))
        raise ModelFileError(f"{file.path} holds {kind} ({plain(name)}), as no weights do.")
    root = _old_root(file)
    places = list(_places(branch, "") if root is None else _old_places(branch, file, root))
    _refuse_unknown(file, places, "layers/" if root is None else f"{root}/".lstrip("/"))
    values = [(place.variable, _value(place, file)) for place in places]
    for variable, value in values:
        if value is not None:
            variable.assign(value)


def _old_root(file: HDF5File) -> str | None:
    """Where the older layout begins; None for a file of Keras 3's layout."""
    for root in (_OLD_ROOT, ""):
        if root in file.groups and _names(file, root, "layer_names") is not None:
            return root
    return None


def _places(branch: Branch, prefix: str) -> Iterator[_Place]:
    """Keras 3's layout: layers are counted by class, in the order of the config."""
    used: dict[str, int] = {}
    for node in branch.nodes:
        if branch.kind == "Sequential" and node.kind == "InputLayer":
            continue
        snake = _snake(node.kind)
        number = used.get(snake, 0)
        used[snake] = number + 1
        path = f"{prefix}layers/{snake}_{number}" if number else f"{prefix}layers/{snake}"
        if isinstance(node, Branch):
            yield from _places(node, f"{path}/")
        elif node.layer is not None:
            for at, variable in enumerate(node.layer.weights):
                yield _Place(variable, f"{path}/vars/{at}")
            generator = getattr(node.layer, "seed_generator", None)
            if generator is not None:
                yield _Place(generator.state, f"{path}/seed_generator/vars/0", needed=False)


def _snake(name: str) -> str:
    """A class's name as Keras writes it in paths."""
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()


def _old_places(branch: Branch, file: HDF5File, root: str) -> Iterator[_Place]:
    """The older layout: by layer name; in nested models, first what is trained, then the rest."""
    prefix = f"{root}/" if root else ""
    own_names = {node.name for node in branch.nodes}
    for name in _names(file, root, "layer_names") or ():
        if name not in own_names and _weights_in(file, f"{prefix}{name}"):
            raise ModelFileError(
                f"{file.path} holds weights of {plain(name)!r}, which the model doesn't have."
            )
    for node in branch.nodes:
        variables = [*node.trainable(), *node.frozen()]
        group = f"{prefix}{node.name}"
        names = _weights_in(file, group)
        if len(names) != len(variables):
            raise ModelFileError(
                f"{file.path} holds {len(names)} weights of {node.name!r}, which has "
                f"{len(variables)}. The file is damaged."
            )
        leaves = _leaves(node)
        for variable, name in zip(variables, names, strict=True):
            # `layer/kernel:0`, which in a nested model has more before it.
            layer = (name.rpartition(":")[0] or name).split("/")[-2:-1]
            if layer and layer[0] in leaves and layer[0] != variable.path.split("/")[-2]:
                raise ModelFileError(
                    f"{file.path} lists the weights of {node.name!r} in another order than its "
                    "layers. The file is damaged."
                )
            yield _Place(variable, f"{group}/{name}")


def _leaves(node: Leaf | Branch) -> set[str]:
    if isinstance(node, Leaf):
        return {node.name}
    return {name for inner in node.nodes for name in _leaves(inner)}


def _weights_in(file: HDF5File, group: str) -> list[str]:
    if group not in file.groups:
        return []
    return _names(file, group, "weight_names") or []


def _names(file: HDF5File, group: str, attribute: str) -> list[str] | None:
    """The texts of an attribute, which Keras splits into numbered ones where they are many."""
    whole = file.texts(group, attribute)
    if whole is not None:
        return whole
    names: list[str] = []
    for number in range(64):
        part = file.texts(group, f"{attribute}{number}")
        if part is None:
            return names if number else None
        names += part
    return names


def _refuse_unknown(file: HDF5File, places: list[_Place], prefix: str) -> None:
    expected = {place.path for place in places}
    for path in file.datasets:
        if path.startswith(prefix) and path not in expected and not _elsewhere(path, prefix):
            raise ModelFileError(
                f"{file.path} holds weights {plain(path)!r} of a layer that isn't in the model. "
                "Are the two of one model?"
            )


def _elsewhere(path: str, prefix: str) -> bool:
    """Whether a dataset beside the layers is the optimizer's; it is left alone."""
    return not prefix and path.startswith("optimizer_weights/")


def _value(place: _Place, file: HDF5File) -> np.ndarray | None:
    variable, path, needed = place
    stored = file.datasets.get(path)
    if stored is None:
        if not needed:
            return None
        raise ModelFileError(f"{file.path} holds no {plain(path)!r}, a weight that the model has.")
    where = f"{file.path}::{plain(path)}"
    if stored.refusal is not None:
        raise ModelFileError(f"{where} {stored.refusal}.")
    shape = tuple(variable.shape)
    if stored.shape != shape:
        raise ModelFileError(f"{where} has the shape {stored.shape} where {shape} is needed.")
    if stored.dtype.newbyteorder("=") != np.dtype(str(variable.dtype)):
        raise ModelFileError(f"{where} is of type {stored.dtype}, not {variable.dtype}.")
    value = file.read(path)
    if value.dtype.kind == "f" and not np.isfinite(value).all():
        raise ModelFileError(f"{where} holds NaN or infinity, as weights must not.")
    return value
