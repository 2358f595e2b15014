"""Data: every source read into one `Dataset`, and what is asked of it.

A source is the name of a data set, a path, or arrays; `load_data` takes all three. Whatever it
is, the result is the same: pixels `(N, H, W, C)`, uint8 as they came or float32 in [0, 1]. Those
of a path that are more than a budget stay there, and are read when they are asked for.
"""

from vaekit.data.arrays import as_dataset, as_pixels
from vaekit.data.binarize import BINARIZATIONS, binarized, to_train_on
from vaekit.data.budget import Budget, data_budget, free_budget, size
from vaekit.data.digest import fingerprint
from vaekit.data.few_labels import UNLABELLED, with_few_labels
from vaekit.data.labels import check_labels
from vaekit.data.load import load_data
from vaekit.data.mend import MENDS, Mend, write_mended
from vaekit.data.read import read_images
from vaekit.data.scale import Scale, recorded_scale
from vaekit.data.sizes import DifferingSizesError
from vaekit.data.splits import split, take
from vaekit.data.stored import StoredPixels, parts_of
from vaekit.data.summary import describe
from vaekit.data.transform import coloured

__all__ = [
    "BINARIZATIONS",
    "MENDS",
    "UNLABELLED",
    "Budget",
    "DifferingSizesError",
    "Mend",
    "Scale",
    "StoredPixels",
    "as_dataset",
    "as_pixels",
    "binarized",
    "check_labels",
    "coloured",
    "data_budget",
    "describe",
    "fingerprint",
    "free_budget",
    "load_data",
    "parts_of",
    "read_images",
    "recorded_scale",
    "size",
    "split",
    "take",
    "to_train_on",
    "with_few_labels",
    "write_mended",
]
