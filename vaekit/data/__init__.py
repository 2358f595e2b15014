"""Data: every source read into one `Dataset`, and what is asked of it.

A source is the name of a data set, a path, or arrays; `load_data` takes all three. Whatever it
is, the result is the same: pixels `(N, H, W, C)`, uint8 as they came or float32 in [0, 1].
"""

from vaekit.data.arrays import as_dataset
from vaekit.data.digest import fingerprint
from vaekit.data.load import load_data
from vaekit.data.pixels import MASK
from vaekit.data.read import read_images
from vaekit.data.splits import split
from vaekit.data.summary import describe

__all__ = ["MASK", "as_dataset", "describe", "fingerprint", "load_data", "read_images", "split"]
