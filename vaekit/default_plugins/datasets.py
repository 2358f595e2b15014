"""The data sets that the kit knows by name.

A sample of MNIST lies beside this file; `tools/make_mnist_sample.py` draws it.
"""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import numpy as np

import vaekit
from vaekit.default_plugins.download import cached

ORIGIN = "https://storage.googleapis.com/tensorflow/tf-keras-datasets"

MNIST_SAMPLE = Path(__file__).with_name("mnist_sample.npz")

# The files below Keras's `datasets`, and the SHA-256 of each.
MNIST = {"mnist.npz": "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"}
FASHION_MNIST = {
    "fashion-mnist/train-images-idx3-ubyte.gz": (
        "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"
    ),
    "fashion-mnist/train-labels-idx1-ubyte.gz": (
        "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"
    ),
    "fashion-mnist/t10k-images-idx3-ubyte.gz": (
        "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"
    ),
    "fashion-mnist/t10k-labels-idx1-ubyte.gz": (
        "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"
    ),
}

DIGITS = tuple("0123456789")
CLOTHES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)


def mnist() -> vaekit.Dataset:
    """MNIST: 60,000 training and 10,000 test images of handwritten digits, 28x28, grey, uint8.

    By Y. LeCun, C. Cortes and C. Burges, from NIST's databases; CC BY-SA 3.0. From Keras's cache,
    else downloaded (11 MB) with its hash checked.
    """
    path = _keras("mnist", "mnist.npz", MNIST["mnist.npz"])
    return vaekit.read_images(path)._replace(source="mnist", classes=DIGITS)


def fashion_mnist() -> vaekit.Dataset:
    """Fashion-MNIST: 60,000 training and 10,000 test images of clothes, 28x28, grey, uint8.

    By H. Xiao, K. Rasul and R. Vollgraf, Zalando SE; MIT licence. From Keras's cache, else
    downloaded (31 MB) with its hashes checked.
    """
    train, train_labels, test, test_labels = (
        _keras("fashion_mnist", name, sha256) for name, sha256 in FASHION_MNIST.items()
    )
    return vaekit.Dataset(
        "fashion_mnist",
        vaekit.Images(_idx(train, 16).reshape(-1, 28, 28, 1), _idx(train_labels, 8)),
        vaekit.Images(_idx(test, 16).reshape(-1, 28, 28, 1), _idx(test_labels, 8)),
        CLOTHES,
    )


def mnist_sample() -> vaekit.Dataset:
    """A sample of MNIST: 6,000 training and 1,000 test images, 28x28, grey, uint8.

    Drawn from MNIST by Y. LeCun, C. Cortes and C. Burges, and under its licence, CC BY-SA 3.0: 600
    training and 100 test images of each digit, in turns of 0 to 9. It comes with vaekit, so no
    network is needed.
    """
    return vaekit.read_images(MNIST_SAMPLE)._replace(source="mnist-sample", classes=DIGITS)


def digits() -> vaekit.Dataset:
    """Digits: 1,797 images of handwritten digits, 8x8, grey, 17 levels; no test set.

    The test part of the UCI set "Optical Recognition of Handwritten Digits" by E. Alpaydin and
    C. Kaynak, CC BY 4.0, as scikit-learn carries it: no network is needed.

    Raises `DataUnavailableError` where scikit-learn isn't installed.
    """
    try:
        from sklearn.datasets import load_digits
    except ModuleNotFoundError as error:
        raise vaekit.DataUnavailableError(
            "The data set 'digits' is scikit-learn's, which isn't installed here: "
            "pip install 'vaekit[digits]', or use the data set mnist-sample."
        ) from error

    bunch: Any = load_digits()
    pixels = (bunch.images / 16).astype(np.float32)[..., np.newaxis]
    images = vaekit.Images(pixels, bunch.target)
    return vaekit.Dataset("digits", images, classes=DIGITS, stored="float64, 0..16")


def _idx(path: Path, header: int) -> np.ndarray:
    """The bytes after the header. The file's hash is known, so its layout is too."""
    with gzip.open(path) as stream:
        return np.frombuffer(bytearray(stream.read()), np.uint8, offset=header)


def _keras(dataset: str, name: str, sha256: str) -> Path:
    """One of the files that Keras offers."""
    url = f"{ORIGIN}/{name.rpartition('/')[2]}"
    return cached(dataset, name, sha256, url, instead="mnist-sample")
