"""Draw the data set `mnist-sample` from MNIST: `python tools/make_mnist_sample.py FOLDER`.

The folder holds MNIST's four IDX files, gzipped or not. 600 training and 100 test images of each
class are drawn, and put in turns of 0 to 9, so that the first few are balanced, too. The arrays are
the same anywhere, and so are the file's bytes, unless Python's zlib is zlib-ng.

An `.npz` (1.13 MB) is read by the kit as Keras's `mnist.npz` is. PNG takes more (1.17 MB); xz takes
less (0.97 MB), but it would need a reader of its own, and not every Python is built with it.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import io
import zipfile
from pathlib import Path

import numpy as np

OUT = Path(__file__).parent.parent / "vaekit" / "default_plugins" / "mnist_sample.npz"
SEED = 20
CLASSES = 10
PER_CLASS = {"train": 600, "test": 100}

# The published SHA-256 of each file, unpacked.
TRAIN_IMAGES, TRAIN_LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"
TEST_IMAGES, TEST_LABELS = "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"
PUBLISHED = {
    TRAIN_IMAGES: "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    TRAIN_LABELS: "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    TEST_IMAGES: "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    TEST_LABELS: "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}


def read_mnist(folder: Path, name: str) -> np.ndarray:
    """The values of one IDX file: images `(N, 28, 28)` or labels `(N,)`, uint8.

    Raises `SystemExit` if it isn't there, or isn't the published one.
    """
    path = folder / name
    if not path.exists():
        path = folder / f"{name}.gz"
    if not path.exists():
        raise SystemExit(f"{folder} holds neither {name} nor {name}.gz.")
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    if hashlib.sha256(content).hexdigest() != PUBLISHED[name]:
        raise SystemExit(f"{path} is not the published {name}: its SHA-256 is another.")
    if "images" in name:
        return np.frombuffer(content, np.uint8, offset=16).reshape(-1, 28, 28)
    return np.frombuffer(content, np.uint8, offset=8)


def draw(labels: np.ndarray, per_class: int, random: np.random.RandomState) -> np.ndarray:
    """The numbers of `per_class` images of each class, in turns of 0 to 9."""
    chosen = [
        np.sort(random.permutation(np.flatnonzero(labels == label))[:per_class])
        for label in range(CLASSES)
    ]
    return np.stack(chosen, axis=1).ravel()


def sample(folder: Path) -> dict[str, np.ndarray]:
    """The arrays of the data set by Keras's names: `x_train`, `y_train`, `x_test`, `y_test`."""
    # RandomState's stream never changes; that of NumPy's newer generators may (NEP 19).
    random = np.random.RandomState(SEED)
    arrays = {}
    for split, images, labels in (
        ("train", TRAIN_IMAGES, TRAIN_LABELS),
        ("test", TEST_IMAGES, TEST_LABELS),
    ):
        all_labels = read_mnist(folder, labels)
        which = draw(all_labels, PER_CLASS[split], random)
        arrays[f"x_{split}"] = read_mnist(folder, images)[which]
        arrays[f"y_{split}"] = all_labels[which]
    return arrays


def write(arrays: dict[str, np.ndarray], path: Path) -> None:
    """An `.npz` as NumPy's own, but packed as tightly as deflate can and without a date."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, array in arrays.items():
            content = io.BytesIO()
            np.lib.format.write_array(content, array, version=(1, 0), allow_pickle=False)
            member = zipfile.ZipInfo(f"{name}.npy")  # dated 1980, as a bare ZipInfo is
            archive.writestr(member, content.getvalue(), zipfile.ZIP_DEFLATED, compresslevel=9)


def main() -> None:
    """Write the file, and say its size and SHA-256."""
    parser = argparse.ArgumentParser(description="Draw the data set mnist-sample from MNIST.")
    parser.add_argument("folder", type=Path, help="MNIST's four IDX files, gzipped or not")
    parser.add_argument("--out", type=Path, default=OUT, help="default: the one in the package")
    options = parser.parse_args()
    write(sample(options.folder), options.out)
    content = options.out.read_bytes()
    print(f"{options.out}: {len(content):,} bytes, SHA-256 {hashlib.sha256(content).hexdigest()}")


if __name__ == "__main__":
    main()
