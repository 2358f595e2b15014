"""`Run.calibrate`: normal images that the run never saw, scored once and for all."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from vaekit.counted_progress import counted_progress
from vaekit.data import take
from vaekit.errors import (
    DataError,
    OptionError,
    UnknownNameError,
    UserError,
    VaekitWarning,
    closest,
)
from vaekit.outliers.calibration_file import Calibration, CalibrationRecord, write_calibration
from vaekit.outliers.conformal import check_alpha, refuse_too_few
from vaekit.outliers.fits import refuse_unfit_score
from vaekit.outliers.own_images import OwnImages, own_images
from vaekit.outliers.scores import SCORES, Score, Scoring
from vaekit.outliers.scores.score import draws_of
from vaekit.outliers.seen_images import digest_of_all, image_digests, seen_among
from vaekit.run import RunImages, describe_environment, weights_digest
from vaekit.types import Dataset, Images
from vaekit.wording import option_text

if TYPE_CHECKING:
    from vaekit.run import Run

_SHOWN = 5  # images that a refusal names


class Asked(NamedTuple):
    """What is to be calibrated: see `Run.calibrate`."""

    score: Score
    alpha: float
    seed: int
    leave_out_trained: bool


def asked(
    score: str, options: Mapping[str, Any], *, alpha: float, seed: int, leave_out_trained: bool
) -> Asked:
    """What is to be calibrated, checked. Raises `UnknownNameError` or `OptionError`."""
    check_alpha(alpha)
    if score not in SCORES:
        raise UnknownNameError(f"There is no score {score!r}. {closest(score, SCORES)}")
    return Asked(SCORES[score].checked(options), alpha, seed, leave_out_trained)


def calibrate(
    run: Run,
    run_images: RunImages,
    asked: Asked,
    data: Any,
    which: tuple[str, int | None],
    trained_on: Any,
    *,
    skip_bad: bool,
    progress: bool,
) -> Calibration:
    """See `Run.calibrate`. which: the split, and its limit."""
    score, seed = asked.score, asked.seed
    model = run.trained_model()
    refuse_unfit_score(run, model, score)
    dataset = run_images.as_read(data, skip_bad=skip_bad, progress=progress)
    images, name = _chosen(run_images, dataset, *which)
    refuse_too_few(len(images.pixels), asked.alpha)
    own = own_images(run, run_images, dataset, trained_on, skip_bad=skip_bad, progress=progress)
    images, left_out, digests = _unseen(images, own, asked)
    refuse_too_few(len(images.pixels), asked.alpha)
    chose_epoch = _chose_epoch(run, own, digests)
    fitted: Mapping[str, np.ndarray] = {}
    if score.fits:
        if own.train is None:
            raise UserError(
                f"The score {score.name!r} is fitted on the training images, which can't be had: "
                f"{own.why} Say where they are by {option_text('trained_on')}, or choose another "
                "score."
            )
        fitted = score.fit(model, own.train, seed)
    with counted_progress(f"calibrating {score.name}", len(images.pixels), progress) as counted:
        scored = score.of(images, Scoring(model, fitted, seed, counted.advance))
    _refuse_infinite(scored.scores, score)
    here = describe_environment()
    record = CalibrationRecord(
        score=score.name,
        options=score.model_dump(),
        seed=seed,
        images=len(images.pixels),
        data=dataset.source,
        split=name,
        digest=digest_of_all(digests),
        checked=own.train is not None,
        why_unchecked=own.why,
        left_out=left_out,
        chose_epoch=chose_epoch,
        weights=weights_digest(run.model),
        epoch=run.record.kept_epoch,
        draws=draws_of(seed) if score.random else [],
        backend=here["backend"],
        versions=here["versions"],
        created=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    return write_calibration(run.directory, Calibration(record, scored.scores, dict(fitted)))


def _chosen(
    run_images: RunImages, dataset: Dataset, split: str, limit: int | None
) -> tuple[Images, str]:
    """The images of a split, and which it is."""
    if limit is not None and limit < 1:
        raise OptionError(f"The limit is {limit}; take at least 1 image.")
    if split == "held-out":
        held_out = run_images.held_out_of(dataset, limit)
        return held_out.images, held_out.split
    if split not in ("train", "test"):
        raise OptionError(f"There is no split {split!r}: take held-out, train or test.")
    images = dataset.train if split == "train" else dataset.test
    if images is None:
        raise DataError(
            f"{dataset.source} has no test set; ask for {option_text('split', 'train')}."
        )
    return run_images.taken(take(images, slice(limit))), split


def _unseen(images: Images, own: OwnImages, asked: Asked) -> tuple[Images, int, list[bytes]]:
    """The images that the run wasn't trained on, how many others there were, and their digests.

    Raises `DataError` for others, unless they are to be left out.
    """
    digests = list(image_digests(images.pixels))
    if own.train is None:
        warnings.warn(
            VaekitWarning(
                f"Whether the run was trained on these images can't be checked: {own.why} If it "
                "was, more normal images will be called outliers than alpha allows; say where the "
                f"training images are by {option_text('trained_on')}."
            ),
            stacklevel=2,
        )
        return images, 0, digests
    seen = seen_among(digests, own.train)
    which = np.flatnonzero(seen)
    if not len(which):
        return images, 0, digests
    if not asked.leave_out_trained:
        named = which[:_SHOWN] if images.files is None else images.files[which[:_SHOWN]]
        raise DataError(
            f"The run was trained on {len(which):,} of these {len(digests):,} images "
            f"({', '.join(map(str, named))}{', ...' if len(which) > _SHOWN else ''}) and knows "
            "them better than new ones, so that more normal images would be called outliers than "
            "alpha allows. Calibrate on images that it never saw, or leave those out: "
            f"{option_text('leave_out_trained', True)}."
        )
    kept = np.flatnonzero(~seen)
    return take(images, kept), len(which), [digests[at] for at in kept]


def _chose_epoch(run: Run, own: OwnImages, digests: list[bytes]) -> bool:
    """Whether the kept weights were chosen among epochs by these images; it is warned of."""
    if run.config.patience is None or own.validation is None:
        return False
    count = int(seen_among(digests, own.validation).sum())
    if count:
        warnings.warn(
            VaekitWarning(
                f"By {count:,} of these images the run chose the epoch whose weights it kept "
                "(patience), so they suit it a little better than new ones, and false alarms may "
                "be a little more than alpha. Images that no part of the training saw are better."
            ),
            stacklevel=2,
        )
    return count > 0


def _refuse_infinite(scores: np.ndarray, score: Score) -> None:
    bad = np.flatnonzero(~np.isfinite(scores))
    if len(bad):
        raise UserError(
            f"The score {score.name!r} of calibration image {bad[0]} is {scores[bad[0]]}, so "
            "nothing can be ranked by it. Look at that image, and at the run's loss."
        )
