"""Trackers: a file of lines, and a fault."""

from __future__ import annotations

import json

import vaekit
from tests.testing.gallery.shown import breaks


class Lines(vaekit.Tracker):
    """A line of JSON for whatever it is told, without a fault."""

    def start(self, run):
        self.file = (run.folder / "lines.json").open("a")
        self.write(run.name)

    def step(self, step, terms):
        self.write(terms)

    def epoch(self, epoch, step, row):
        self.write(row)

    def results(self, epoch, results):
        self.write([str(path) for path in results.pictures])

    def end(self, status):
        self.file.close()

    def write(self, what):
        self.file.write(json.dumps(what) + "\n")
        self.file.flush()


@breaks("tracker", "is_told_a_whole_run")
class KnowsNoGif(Lines):
    def results(self, epoch, results):
        for path in results.pictures:
            if path.suffix != ".png":
                raise ValueError(path.name)


@breaks("tracker", "takes_a_run_without_results")
class WantsAReport(Lines):
    def results(self, epoch, results):
        self.write(results.report.name)


@breaks("tracker", "takes_columns_that_come_later")
class KeepsToTheFirstColumns(Lines):
    columns = None

    def epoch(self, epoch, step, row):
        self.columns = self.columns or list(row)
        self.write([row[name] for name in self.columns])


@breaks("tracker", "goes_on_after_a_failure")
class BeginsAnew(Lines):
    def start(self, run):
        self.file = (run.folder / "lines.json").open("x")


@breaks("tracker", "changes_nothing_that_it_is_told")
class TakesTheEpochOut(Lines):
    def epoch(self, epoch, step, row):
        row.pop("epoch", None)
        super().epoch(epoch, step, row)
