"""The three kinds of model file: `.keras`, `.h5` and `.weights.h5`."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import keras

from vaekit.errors import ModelFileError
from vaekit.model_files.checks import SpecError
from vaekit.model_files.graph import parse_model
from vaekit.model_files.rebuild import rebuild
from vaekit.model_files.tree import tree_of
from vaekit.model_files.weights import assign, count_stored
from vaekit.untrusted import json_text
from vaekit.untrusted.hdf5 import HDF5File
from vaekit.untrusted.reading import plain, reading, require_file
from vaekit.untrusted.zips import open_zip
from vaekit.wording import option_text

_CONFIG, _WEIGHTS, _NOTES = "config.json", "model.weights.h5", "metadata.json"
_ENDINGS = (".keras", ".h5", ".hdf5")


def load_model(path: str | os.PathLike[str], *, trust: bool = False) -> keras.Model:
    """The model in a `.keras` or `.h5` file, as a plain Keras model; it isn't compiled.

    Nothing in the file is run, and nothing outside it is opened, whatever it says and whatever
    Keras's own switches are. So only known stock layers are taken, with one exception: a `Lambda`
    on a mean and a log-variance becomes a draw of z from stock layers.

    trust: let Keras load the file as it is, with any code that it holds. Only for files of which
        you know who made them.

    Raises `vaekit.ModelFileError` for a file that is refused or damaged.
    """
    path = Path(path)
    require_file(path, ModelFileError)
    if path.name.endswith(".weights.h5"):
        raise ModelFileError(
            f"{path} holds weights without a model: build the model, then call "
            "vaekit.load_weights(model, path)."
        )
    if path.suffix.lower() not in _ENDINGS:
        raise ModelFileError(f"{path} is no model file: its name ends neither in .keras nor .h5.")
    if trust:
        with reading(path, "a Keras model", ModelFileError):
            return keras.saving.load_model(path, compile=False, safe_mode=False)
    with reading(path, "a Keras model", ModelFileError), _opened(path) as (text, weights):
        try:
            branch = rebuild(parse_model(json_text.parse(text)), count_stored(weights))
        except SpecError as error:
            raise ModelFileError(
                f"{path} holds {plain(str(error))}. Only if you know who made the file, load it "
                f"with {option_text('trust', True)}."
            ) from error
        assign(branch, weights)
        return branch.model


def load_weights(model: keras.Model, path: str | os.PathLike[str]) -> None:
    """Give a model of your own the weights of a `.weights.h5` or `.h5` file.

    model: a functional or sequential model that is built.

    Raises `vaekit.ModelFileError` if the file is damaged, or holds other weights than the model
    has; the model then keeps those that it had.
    """
    branch = tree_of(model)
    if branch is None:
        raise ModelFileError("Weights are only loaded into a functional or sequential model.")
    with reading(path, "a file of weights", ModelFileError), HDF5File(path, ModelFileError) as file:
        assign(branch, file)


@contextmanager
def _opened(path: Path) -> Iterator[tuple[str | bytes, HDF5File]]:
    """The config of a model file, as JSON, and its weights."""
    if path.suffix.lower() != ".keras":
        with HDF5File(path, ModelFileError) as file:
            texts = file.texts("", "model_config")
            if not texts or len(texts) != 1:
                raise ModelFileError(f"{path} holds no config of a model, so it can't be rebuilt.")
            yield texts[0], file
        return
    with open_zip(path, ModelFileError) as archive, tempfile.TemporaryDirectory() as folder:
        unknown = set(archive.members) - {_CONFIG, _WEIGHTS, _NOTES}
        missing = {_CONFIG, _WEIGHTS} - set(archive.members)
        if unknown or missing:
            what = f"has no {min(missing)}" if missing else f"holds {plain(min(unknown))!r}, too"
            raise ModelFileError(f"{path} is no plain Keras model: it {what}.")
        config = archive.read(_CONFIG, at_most=json_text.LONGEST)
        unpacked = Path(folder, _WEIGHTS)  # for the child, which takes a path
        with archive.open(_WEIGHTS) as source, unpacked.open("wb") as target:
            shutil.copyfileobj(source, target, 2**20)
        with HDF5File(unpacked, ModelFileError, shown=path) as file:
            yield config, file
