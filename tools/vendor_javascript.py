"""Take the JavaScript that pages embed from its npm packages into `vaekit/page/vendor/`.

    python tools/vendor_javascript.py

It needs npm. Versions stand below; nothing else of the packages is taken.
"""

from __future__ import annotations

import gzip
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

VENDOR = Path(__file__).parent.parent / "vaekit" / "page" / "vendor"
# Of each package, by its name in the registry: which files of it, and under which names.
PACKAGES = {
    "echarts@6.1.0": {
        "dist/echarts.min.js": "echarts.min.js",
        "LICENSE": "echarts.LICENSE",
        "NOTICE": "echarts.NOTICE",
    },
    # The plain build for processors: those with WebGPU or JSPI are twice as large. None of the
    # packages has its licence, which was taken from the project's wheel.
    "onnxruntime-web@1.30.0": {
        "dist/ort.wasm.min.js": "ort.wasm.min.js",
        "dist/ort-wasm-simd-threaded.mjs": "ort-wasm-simd-threaded.mjs",
        "dist/ort-wasm-simd-threaded.wasm": "ort-wasm-simd-threaded.wasm.gz",
    },
}


def main() -> None:
    """Fetch each package and take its files."""
    VENDOR.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        for package, files in PACKAGES.items():
            name = subprocess.run(
                ["npm", "pack", "--silent", package],
                cwd=folder,
                check=True,
                capture_output=True,
                text=True,
            ).stdout.strip()
            unpacked = Path(folder, name.removesuffix(".tgz"))
            with tarfile.open(Path(folder, name)) as archive:
                archive.extractall(unpacked, filter="data")
            for source, target in files.items():
                take(unpacked / "package" / source, VENDOR / target)
                print(f"{target:36}{(VENDOR / target).stat().st_size:>12,}")


def take(source: Path, target: Path) -> None:
    """Copy a file, packed where the target's name says so; the same bytes every time."""
    if target.suffix == ".gz":
        target.write_bytes(gzip.compress(source.read_bytes(), 9, mtime=0))
    else:
        shutil.copyfile(source, target)


if __name__ == "__main__":
    main()
