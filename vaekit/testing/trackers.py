"""The checks of a tracker."""

from __future__ import annotations

from vaekit.testing.subject import Subject
from vaekit.testing.tracker_values import STEPS, line_of, tracker_of
from vaekit.testing.verdict import require
from vaekit.tracker import RunResults


def is_told_a_whole_run(subject: Subject) -> None:
    """It takes two epochs with their steps, all that the run has made, and its end."""
    with tracker_of(subject) as made:
        tracker = made.new()
        tracker.start(made.run())
        for step in range(1, 2 * STEPS + 1):
            tracker.step(step, {"loss": 1 / step})
            if step % STEPS == 0:
                tracker.epoch(step // STEPS, step, line_of(step // STEPS))
        tracker.results(2, made.results())
        tracker.end("complete")


def takes_a_run_without_results(subject: Subject) -> None:
    """A run may have no pictures, no page, no models and no held-out images; or no epoch at all."""
    with tracker_of(subject) as made:
        tracker = made.new()
        tracker.start(made.run())
        tracker.epoch(1, STEPS, line_of(1))
        tracker.results(1, RunResults())
        tracker.end("complete")
    with tracker_of(subject) as made:
        tracker = made.new()
        tracker.start(made.run())
        tracker.end("failed")


def takes_columns_that_come_later(subject: Subject) -> None:
    """Some epochs have more columns than the first, and what is measured at the end comes alone."""
    with tracker_of(subject) as made:
        tracker = made.new()
        tracker.start(made.run())
        tracker.epoch(1, STEPS, line_of(1))
        tracker.epoch(2, 2 * STEPS, {**line_of(2), "val_nll": 90.5})
        tracker.epoch(3, 3 * STEPS, line_of(3))
        tracker.epoch(2, 3 * STEPS, {"val_mig": 0.25})
        tracker.end("interrupted")


def goes_on_after_a_failure(subject: Subject) -> None:
    """A run that failed goes on, with epochs that were lost, even from its beginning."""
    with tracker_of(subject) as made:
        for done in (0, 1, 0):
            tracker = made.new()
            tracker.start(made.run(done))
            for epoch in (done + 1, done + 2):
                tracker.step(epoch * STEPS, {"loss": 0.5})
                tracker.epoch(epoch, epoch * STEPS, line_of(epoch))
            tracker.end("failed")


def changes_nothing_that_it_is_told(subject: Subject) -> None:
    """Other trackers are told the same lines, terms and options after it."""
    with tracker_of(subject) as made:
        tracker, run, row, terms = made.new(), made.run(1), line_of(2), {"loss": 0.5}
        tracker.start(run)
        tracker.step(2 * STEPS, terms)
        tracker.epoch(2, 2 * STEPS, row)
        tracker.end("complete")
        require(run == made.run(1), "It changes what it is told of the run.")
        require(terms == {"loss": 0.5}, f"It changes the terms of a step, to {terms}.")
        require(row == line_of(2), f"It changes an epoch's line, to {row}.")
