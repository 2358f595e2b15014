"""What tests of every command share."""

from __future__ import annotations

import numpy as np
import pytest

import vaekit


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """No test may litter the checkout: the default of --out is a relative folder."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def split_npz(tmp_path_factory):
    """A source with a test set: 30 training and 12 test images, labelled."""
    images = (vaekit.load_data("digits").train.pixels[:42, ..., 0] * 255).round().astype("uint8")
    labels = np.arange(42) % 10
    path = tmp_path_factory.mktemp("split") / "split.npz"
    np.savez(path, x_train=images[:30], y_train=labels[:30], x_test=images[30:], y_test=labels[30:])
    return path
