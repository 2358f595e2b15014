"""Images brought to one size: by their centre, within black borders, or stretched."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

from vaekit.wording import option_text

How = Literal["cover", "crop", "pad", "stretch"]

_VERBS: dict[How, str] = {
    "cover": "cropped to their centre",
    "crop": "cropped to their centre",
    "pad": "padded with black",
    "stretch": "stretched",
}


class Fit(NamedTuple):
    """A size that images are brought to, and how.

    size: height and width. how: `cover` takes the largest part around the centre that has the
    shape of the size, and makes it smaller or larger; `crop` does so too, but refuses to make it
    larger; `pad` shows the whole image, and black beside it; `stretch` gives each side its own
    factor.
    """

    size: tuple[int, int]
    how: How

    def refusal(self, height: int, width: int) -> str | None:
        """Why an image can't be fitted, half a sentence about it; None if it can."""
        if self.how != "crop" or not self._enlarges((height, width)):
            return None
        return (
            f"{size_text((height, width))} is too small for a crop of {size_text(self.size)} "
            f"({option_text('resize', 'stretch')} enlarges)"
        )

    def image(self, image: Any) -> Any:
        """A Pillow image of any mode, fitted (bicubic, antialiased)."""
        from PIL import Image, ImageOps

        size, method = self.size[::-1], Image.Resampling.BICUBIC
        if image.size == size:
            return image
        if self.how in ("cover", "crop"):
            return ImageOps.fit(image, size, method)
        if self.how == "pad":
            return ImageOps.pad(image, size, method, color=0)
        return image.resize(size, method)

    def told(self, sizes: list[tuple[int, int]]) -> str:
        """What is done to images of these sizes, half a sentence; empty if it is nothing."""
        others = sorted(set(sizes) - {self.size})
        if not others:
            return ""
        text = f"{_VERBS[self.how]} from {size_text(others[0])}"
        if len(others) > 1:
            text += f" to {size_text(others[-1])}"
        enlarged = sum(map(self._enlarges, sizes)) if self.how == "cover" else 0
        return f"{text} ({enlarged} enlarged)" if enlarged else text

    def _enlarges(self, size: tuple[int, int]) -> bool:
        """Whether an image of this size is too small for it on a side."""
        return size[0] < self.size[0] or size[1] < self.size[1]


def size_text(size: tuple[int, ...]) -> str:
    """Height and width as users write them: 64x48."""
    return f"{size[0]}x{size[1]}"
