"""How deep a discriminator of strided convolutions may be."""

from __future__ import annotations

# About how many pixels are left to the shorter side at least.
_LEAST_SIDE = 4


def halvings(image_shape: tuple[int, int, int], most: int) -> int:
    """How often the shorter side is halved, at least once and `most` times at most.

    1 for 8 to 15 pixels, 2 for 16 to 31, 3 for 32 to 63, and so on.
    """
    side = min(image_shape[:2])
    return min(most, max(1, (side // _LEAST_SIDE).bit_length() - 1))
