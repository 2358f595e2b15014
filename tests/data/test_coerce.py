"""What others call an array: taken, or refused in a sentence."""

from __future__ import annotations

import numpy as np
import pytest

from vaekit.data import as_dataset, load_data
from vaekit.errors import DataError

IMAGES = np.arange(2 * 64, dtype=np.uint8).reshape(2, 8, 8)


class Stranger:
    def __init__(self, error: BaseException) -> None:
        self.error = error

    def __array__(self, dtype=None, copy=None):
        raise self.error


@pytest.mark.parametrize(
    "error", [RuntimeError("no"), KeyError("k"), MemoryError(), SystemExit(3), AssertionError()]
)
@pytest.mark.parametrize("wrap", [lambda x: x, lambda x: (x, [0, 1]), lambda x: (IMAGES, x)])
def test_an_array_that_raises_is_a_sentence(error, wrap):
    with pytest.raises(DataError, match=r"Stranger.* can't be taken as an array"):
        load_data(wrap(Stranger(error)))


def test_an_interrupt_stays_one():
    with pytest.raises(KeyboardInterrupt):
        load_data(Stranger(KeyboardInterrupt()))


def test_a_tensor_of_torch_is_detached():
    torch = pytest.importorskip("torch")
    tensor = torch.rand(2, 8, 8, requires_grad=True)
    plain = tensor.detach().numpy()
    labels = torch.tensor([1.0, 0.0], requires_grad=True)
    for data in (tensor, (tensor, labels), ([*tensor], [0, 1])):
        np.testing.assert_array_equal(as_dataset(data).train.pixels[..., 0], plain)
    assert as_dataset((tensor, labels)).train.labels.tolist() == [1, 0]
    with pytest.raises(DataError, match="BFloat16"):
        as_dataset(tensor.to(torch.bfloat16))


@pytest.mark.parametrize(
    "data",
    [
        np.ma.masked_greater(IMAGES, 9),
        (np.ma.masked_greater(IMAGES, 9), [0, 1]),
        ([*np.ma.masked_greater(IMAGES, 9)], [0, 1]),
        (IMAGES, np.ma.masked_equal([0, 1], 1)),
    ],
)
def test_masks_are_not_dropped(data):
    with pytest.raises(DataError, match=r"masks \d+ values.*x\.filled\(0\)"):
        as_dataset(data)


def test_a_mask_of_nothing_is_none():
    np.testing.assert_array_equal(as_dataset(np.ma.array(IMAGES)).train.pixels[..., 0], IMAGES)


@pytest.mark.parametrize("labels", [[0, 1], (0, 1), np.array([0, 1]), [[0], [1]]])
@pytest.mark.parametrize("channels", [(), (3,)])
def test_two_images_in_a_list_and_their_labels(labels, channels):
    images = [np.broadcast_to(x[..., None], (8, 8, 3)) if channels else x for x in IMAGES]
    data = as_dataset((images, labels))
    assert data.train.pixels.shape == (2, 8, 8, *(channels or (1,)))
    assert data.train.labels.tolist() == [0, 1]
    assert data.test is None


def test_two_lists_of_two_images_are_two_splits():
    data = as_dataset(([*IMAGES], [*IMAGES]))
    assert data.train.labels is data.test.labels is None
    assert data.test.pixels.shape == (2, 8, 8, 1)


@pytest.mark.parametrize(
    "labels", [np.array([0, 2**63], "u8"), np.array([0, 2**64 - 1], "u8"), np.array([0.0, 1e300])]
)
def test_labels_are_checked_before_they_are_cast(labels):
    with pytest.raises(DataError, match=r"Number the classes from 0"):
        as_dataset((IMAGES, labels))
    kept = as_dataset((IMAGES, np.array([0, 2**63 - 1], "u8"))).train.labels
    assert kept.tolist() == [0, 2**63 - 1]
