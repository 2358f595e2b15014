"""The JavaScript that pages embed is what the script that takes it says it is."""

from __future__ import annotations

import gzip
import runpy
from pathlib import Path

from vaekit import page

SCRIPT = Path(__file__).parent.parent / "tools" / "vendor_javascript.py"
FOLDER = Path(page.__file__).parent / "vendor"
PACKAGES = runpy.run_path(str(SCRIPT))["PACKAGES"]


def test_every_file_is_of_a_package_that_the_script_names():
    taken = {name for files in PACKAGES.values() for name in files.values()}
    assert {path.name for path in FOLDER.iterdir()} - taken == {"onnxruntime.LICENSE"}
    assert taken <= {path.name for path in FOLDER.iterdir()}


def test_versions_are_those_that_the_script_names():
    for package, files in PACKAGES.items():
        script = next(name for name in files.values() if name.endswith(".min.js"))
        assert package.partition("@")[2] in (FOLDER / script).read_text("utf-8")


def test_the_runtime_is_web_assembly():
    binary = gzip.decompress((FOLDER / "ort-wasm-simd-threaded.wasm.gz").read_bytes())
    assert binary.startswith(b"\0asm")
