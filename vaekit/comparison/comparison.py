"""Runs compared: groups in rows, measures in columns, and a sentence for each that isn't ranked."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

from vaekit.comparison.comparable import why_not
from vaekit.comparison.compared_run import ComparedRun
from vaekit.comparison.grouping import Group, differing, grouped
from vaekit.comparison.measures import Measure, measures_of
from vaekit.comparison.ranking import NO_SPREAD, RULE, Cell, ranked
from vaekit.comparison.reading import read_runs
from vaekit.errors import UserError


class Row(NamedTuple):
    """A group of runs. options: those in which any runs differ. cells: by the measure's name."""

    group: str
    runs: tuple[str, ...]
    options: Mapping[str, list[Any]]
    cells: Mapping[str, Cell]


@dataclass(frozen=True)
class Comparison:
    """Runs side by side.

    groups: of runs that differ only in seed, or have the same of what `by` named.
    measures: what they are compared by.
    rows: one a group.
    refusals: why measures aren't ranked, a sentence each.
    left_out: why runs of a folder were, a sentence each.
    """

    groups: Sequence[Group]
    measures: Sequence[Measure]
    rows: Sequence[Row]
    refusals: Sequence[str]
    left_out: Sequence[str]

    @property
    def runs(self) -> list[ComparedRun]:
        """All runs, group by group."""
        return [run for group in self.groups for run in group.runs]

    @property
    def remarks(self) -> list[str]:
        """How to read the table: the rule of its marks, and what must be read beside it."""
        spread = any(len(group.runs) > 1 for group in self.groups)
        marked = any(cell.mark for row in self.rows for cell in row.cells.values())
        rule = [RULE if spread else NO_SPREAD] if marked else []
        return [*rule, *_cut_short(self.runs), *_of_one_seed(self.groups)]

    def as_json(self) -> dict[str, Any]:
        """All of it as plain values."""
        ranked_by = {m.name for m in self.measures if any(r.cells[m.name].mark for r in self.rows)}
        return {
            "runs": [
                {"name": run.name, "path": str(run.path), "group": group.name}
                for group in self.groups
                for run in group.runs
            ],
            "measures": [
                {"name": m.name, "unit": m.unit, "better": m.better, "ranked": m.name in ranked_by}
                for m in self.measures
            ],
            "groups": [
                {
                    "name": row.group,
                    "runs": list(row.runs),
                    "options": dict(row.options),
                    "values": {name: _plain(cell) for name, cell in row.cells.items()},
                }
                for row in self.rows
            ],
            "not_ranked": list(self.refusals),
            "left_out": list(self.left_out),
            "remarks": self.remarks,
        }

    def as_csv(self) -> str:
        """A line a group: its options, and of each measure mean, standard deviation, n and mark."""
        text = io.StringIO(newline="")
        options = list(self.rows[0].options)
        names = [f"{m.name}_{what}" for m in self.measures for what in ("mean", "std", "n", "mark")]
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["group", "runs", *options, *names])
        for row in self.rows:
            values = (" ".join(map(str, row.options[name])) for name in options)
            cells = (row.cells[measure.name] for measure in self.measures)
            numbers = [x for cell in cells for x in (cell.mean, cell.std, cell.n, cell.mark)]
            writer.writerow([row.group, " ".join(row.runs), *values, *numbers])
        return text.getvalue()

    def write_page(self, path: str | PathLike[str], *, images: bool = True) -> Path:
        """Write it as one page of HTML, with curves and, unless not, what each run makes of images.

        images: whether models are loaded, one after the other, to reconstruct and decode.

        Raises `RunError` where the page can't be written.
        """
        from vaekit.atomic import write_text
        from vaekit.comparison.page import page

        text = page(self, images=images)
        write_text(Path(path), text)
        return Path(path)


def compare_runs(paths: Sequence[str | PathLike[str]], by: str | Sequence[str] = ()) -> Comparison:
    """See `vaekit.compare`."""
    runs, left_out = read_runs(paths)
    if len(runs) < 2:
        why = f" {' '.join(left_out)}" if left_out else ""
        raise UserError(f"A comparison is of two runs or more; there are {len(runs)}.{why}")
    groups = grouped(runs, by)
    measures = measures_of(runs)
    fields = differing(runs)
    reasons = {m.name: why_not(m.checks, groups) if m.better else None for m in measures}
    columns = {m.name: _column(m, groups, ranked_by=not reasons[m.name]) for m in measures}
    rows = [
        Row(
            group.name,
            tuple(run.name for run in group.runs),
            {field: group.options(field) for field in fields},
            {name: column[number] for name, column in columns.items()},
        )
        for number, group in enumerate(groups)
    ]
    return Comparison(groups, measures, rows, _refusals(reasons), left_out)


def _column(measure: Measure, groups: Sequence[Group], *, ranked_by: bool) -> list[Cell]:
    """The cells of a measure, marked where it has a better way and the groups can be ranked."""
    values = [[measure.of(run) for run in group.runs] for group in groups]
    cells = [Cell(tuple(v for v in own if v is not None)) for own in values]
    measured = sum(bool(cell.values) for cell in cells)
    marked = measure.better and ranked_by and measured > 1
    return ranked(cells, measure.better) if marked else cells


def _refusals(reasons: Mapping[str, str | None]) -> list[str]:
    """A sentence for each reason, with all that it keeps from being ranked."""
    by_reason: dict[str, list[str]] = {}
    for name, reason in reasons.items():
        if reason is not None:
            by_reason.setdefault(reason, []).append(name)
    return [
        f"Not ranked by {', '.join(names)}: {reason.removesuffix('.')}."
        for reason, names in by_reason.items()
    ]


def _cut_short(runs: Sequence[ComparedRun]) -> Iterator[str]:
    for run in runs:
        if run.record.status != "complete":
            epochs, asked = run.record.training.epochs_done, run.record.config.most_epochs
            by = f", by {run.record.stopped_by}" if run.record.stopped_by else ""
            yield f"{run.name} was interrupted after epoch {epochs} of {asked}{by}."


def _of_one_seed(groups: Sequence[Group]) -> Iterator[str]:
    for group in groups:
        first = group.runs[0]
        for run in group.runs[1:]:
            if run.options == first.options:
                yield (
                    f"{first.name} and {run.name} have the same options and the same seed: their "
                    "spread says nothing of chance."
                )


def _plain(cell: Cell) -> dict[str, Any]:
    return {
        "mean": cell.mean,
        "std": cell.std,
        "n": cell.n,
        "mark": cell.mark,
        "values": list(cell.values),
    }
