"""A plugin that is one Python file, given by its path."""

from __future__ import annotations

import hashlib
import os
import sys
import traceback
from pathlib import Path
from types import ModuleType

from vaekit.errors import PluginError, UserError
from vaekit.plugins.loading import Offers, load, reason_of
from vaekit.registry import LOCAL, Component, Registry


def plugin_file(path: str | os.PathLike[str]) -> Path:
    """The whole path of a plugin file. Raises `UserError` if it is none."""
    file = Path(path)
    if not file.exists():
        raise UserError(f"There is no plugin file {file}.")
    if not file.is_file() or file.suffix != ".py":
        raise UserError(f"The plugin {file} is not a Python file: give the path of a .py file.")
    return Path(os.path.abspath(file))


def register_file(file: Path, registry: Registry, seconds: float) -> list[Component]:
    """Register what a plugin file offers, and give it; its version is a digest of the file.

    Raises `UserError` if it can't be read, `PluginError` if it is broken.
    """
    try:
        code = file.read_bytes()
    except OSError as error:
        raise UserError(f"Can't read the plugin file {file}: {error.strerror}.") from error
    path = str(file)
    name = f"vaekit_plugin_{file.stem}_{digest(path.encode())}"

    def run() -> object:
        module = ModuleType(name)
        module.__file__ = path
        sys.modules[name] = module  # dataclasses and pickle look their module up
        exec(compile(code, path, "exec", dont_inherit=True), module.__dict__)
        return module

    offers = Offers(LOCAL, digest(code), path)
    wrong = load(run, name, offers, seconds)
    if wrong is None:
        try:
            registry.replace(*offers.parts)
        except PluginError as refused:
            wrong = refused
    if wrong is not None:
        sys.modules.pop(name, None)
        raise PluginError(_sentence(path, wrong)) from wrong
    return offers.parts


def _sentence(path: str, wrong: BaseException) -> str:
    lines = [
        line
        for frame, line in traceback.walk_tb(wrong.__traceback__)
        if frame.f_code.co_filename == path
    ]
    where = f"in line {lines[-1]}, " if lines else ""
    text = f"The plugin file {path} is broken: {where}{reason_of(wrong)}"
    return text if text.endswith((".", "?", "!")) else f"{text}."


def digest(content: bytes) -> str:
    """A short text that another content has not."""
    return hashlib.sha256(content).hexdigest()[:12]

