"""Random changes of training images, by name, so that few images teach more.

`names` has what they are called and what they do; nothing here imports Keras but `pipeline`.
"""

from vaekit.augmentation.names import AUGMENTATIONS, GREY_MAKING, parse_augmentations

__all__ = ["AUGMENTATIONS", "GREY_MAKING", "parse_augmentations"]
