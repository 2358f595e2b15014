"""Distributions for tests: as pip leaves them on `sys.path`, and as wheels that pip installs."""

from __future__ import annotations

import base64
import hashlib
import sys
import textwrap
import threading
import zipfile
from pathlib import Path

from vaekit.plugins import Plugins, discover

# A plugin of one encoder that is quick to train.
WIDE = """
    import keras
    import vaekit

    def wide(image_shape, *, units: int = 4):
        inputs = keras.Input(image_shape)
        return keras.Model(inputs, keras.layers.Dense(units)(keras.layers.Flatten()(inputs)))

    @vaekit.hookimpl
    def register_encoders(register):
        register("wide", wide, summary="One layer.")
"""


def metadata_files(name: str, version: str, points: str) -> dict[str, str]:
    """The files of a `.dist-info` folder that importlib.metadata looks at."""
    return {
        "METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        "entry_points.txt": f"[vaekit]\n{points}\n",
    }


class Site:
    """A folder on `sys.path` that distributions are installed in."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def install(self, name: str, code: str, version: str = "1.2.3", points: str = "") -> Path:
        """A distribution of one module; its entry point is `NAME-point` unless told otherwise."""
        module = name.replace("-", "_").lower()
        (self.folder / f"{module}.py").write_text(textwrap.dedent(code))
        info = self.folder / f"{module}-{version}.dist-info"
        info.mkdir()
        files = metadata_files(name, version, points or f"{name}-point = {module}")
        for file, text in files.items():
            (info / file).write_text(text)
        return info

    def discover(self) -> Plugins:
        discover.cache_clear()
        return discover()

    def forget(self) -> None:
        """Un-import what was installed here."""
        for thread in threading.enumerate():
            if thread.name == "vaekit-plugin":  # of one that was given up: it may still import
                thread.join(10)
        for name, module in sys.modules.copy().items():
            if str(getattr(module, "__file__", None)).startswith(str(self.folder)):
                sys.modules.pop(name, None)
        discover.cache_clear()


def build_wheel(folder: Path, name: str, code: str, version: str = "1.0") -> Path:
    """A wheel of one module, whose entry point goes by the distribution's name."""
    module = name.replace("-", "_")
    info = f"{module}-{version}.dist-info"
    tags = "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    files = {
        f"{module}.py": textwrap.dedent(code),
        **{
            f"{info}/{file}": text
            for file, text in metadata_files(name, version, f"{name} = {module}").items()
        },
        f"{info}/WHEEL": tags,
    }
    lines = [f"{path},sha256={_digest(text)},{len(text.encode())}" for path, text in files.items()]
    files[f"{info}/RECORD"] = "\n".join([*lines, f"{info}/RECORD,,", ""])
    wheel = folder / f"{module}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
    return wheel


def _digest(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
