"""The images that a run was trained and validated on, wherever they can be had again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from vaekit.errors import DataError, VaekitError
from vaekit.run import RunImages
from vaekit.types import Dataset, Images
from vaekit.wording import option_text

if TYPE_CHECKING:
    from vaekit.run import Run


class OwnImages(NamedTuple):
    """What a run was trained on and validated on, as it prepares images.

    Both are None where they can't be had; `why` says why, as a sentence.
    """

    train: Images | None
    validation: Images | None
    why: str = ""


def own_images(
    run: Run,
    run_images: RunImages,
    dataset: Dataset,
    source: Any,
    *,
    skip_bad: bool,
    progress: bool,
) -> OwnImages:
    """The run's own images: of `dataset` if that is its own, else of `source`, else of its record.

    Raises `DataError` if a source that is named isn't what the run was trained on.
    """
    split = run_images.own_split(dataset)
    if split is not None:
        return OwnImages(*split)
    if source is None and run.record.data.reread is None:
        return OwnImages(None, None, "The run was trained on an array.")
    try:
        read = run_images.as_read(source, skip_bad=skip_bad, progress=progress)
    except VaekitError as error:
        if source is not None:
            raise
        return OwnImages(None, None, str(error))
    split = run_images.own_split(read)
    if split is not None:
        return OwnImages(*split)
    if source is not None:
        raise DataError(
            f"{read.source} isn't what the run was trained on: its fingerprint is another. Name "
            f"the source that was, by {option_text('trained_on')}."
        )
    return OwnImages(None, None, f"{read.source} is not what the run was trained on any more.")
