"""Images of a folder that differ in size."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from vaekit.data.bad_files import BadFilesError
from vaekit.data.fit import size_text
from vaekit.data.imagefile import Header
from vaekit.data.pixels import SMALLEST
from vaekit.untrusted.reading import shown
from vaekit.wording import option_text

_NAMED = 5
_USUAL_SIDE = 64  # of the size that is proposed where most have none in common


class DifferingSizesError(BadFilesError):
    """Images of different sizes, of which none was asked for.

    folder, headers: theirs. refusal: what else is to be raised for the folder, and comes first.
    sizes: which there are, a sentence.
    """

    def __init__(
        self, folder: Path, headers: Mapping[Path, Header], refusal: BadFilesError | None
    ) -> None:
        self.sizes = _told(folder, headers)
        remedy = f"Bring them to one, for instance by {option_text('image_size', _best(headers))}."
        parts = (
            [f"{self.sizes} {remedy}"] if refusal is None else [str(refusal), self.sizes, remedy]
        )
        super().__init__("\n".join(parts), {} if refusal is None else refusal.files)


def differ(headers: Mapping[Path, Header]) -> bool:
    """Whether images have several sizes."""
    return len({header.size for header in headers.values()}) > 1


def _told(folder: Path, headers: Mapping[Path, Header]) -> str:
    counts = Counter(header.size for header in headers.values())
    first: dict[tuple[int, int], Path] = {}
    for path, header in headers.items():
        first.setdefault(header.size, path)
    texts = [
        f"{count} of {size_text(size)} as {shown(first[size].relative_to(folder))}"
        for size, count in counts.most_common(_NAMED)
    ]
    if len(counts) > _NAMED:
        texts.append(f"and {len(counts) - _NAMED} sizes more")
    return f"The images of {folder} differ in size (height x width): {', '.join(texts)}."


def _best(headers: Mapping[Path, Header]) -> tuple[int, int]:
    """The size that most have; else a square that each can be cropped to."""
    counts = Counter(header.size for header in headers.values())
    ((common, count),) = counts.most_common(1)
    if 2 * count > len(headers):
        return common
    side = max(SMALLEST, min(_USUAL_SIDE, *(min(size) for size in counts)))
    return side, side
