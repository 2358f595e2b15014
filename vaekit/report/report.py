"""From a run to its page, and to the file of it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

from vaekit.atomic import write_text
from vaekit.errors import UserError
from vaekit.page import render
from vaekit.report.contents import Contents, gather
from vaekit.report.diagram import diagram_of
from vaekit.report.live import decoder_values, page_decoder
from vaekit.report.shown_images import MOST
from vaekit.run import HeldOut, Run
from vaekit.types import Images


def report_page(
    run: Run,
    contents: Contents,
    template: str = "report.html",
    packages: Sequence[str] = ("vaekit.report",),
    **values: Any,
) -> str:
    """The page of what was gathered of a run.

    template: extends `report.html`, or is it; the first of `packages` that has it counts.
    values: what the template names beside `run` and `contents`.
    """
    return render(
        packages,
        template,
        contents.data,
        run=run,
        contents=contents,
        diagram=diagram_of(run.model),
        **values,
    )


def write_report(
    run: Run,
    out: str | PathLike[str] | None = None,
    *,
    data: Any = None,
    images: int | None = None,
    live: bool = False,
    skip_bad: bool = False,
    progress: bool = False,
) -> Path:
    """See `Run.report`."""
    path = page_path(run, out)
    with run.directory.held():
        held_out = run.held_out(data, skip_bad=skip_bad, progress=progress)
        decoder = page_decoder(run, held_out) if live else None
        diagnosis = run.diagnose_history()
        if run.record.kept_epoch and (data is None or diagnosis.source is None):
            diagnosis = run.diagnose(data)
        contents = gather(run, held_out, diagnosis, most=MOST if images is None else images)
        if decoder is None:
            return write_page(run, path, report_page(run, contents))
        page = report_page(run, contents, "live.html", **decoder_values(decoder))
        return write_page(run, path, page)


def write_first_report(run: Run, images: Images, drawn: Collection[Path] = ()) -> Path:
    """The same at the end of a training, from its validation images, in a few seconds.

    Without what takes longer: a look at the model for the diagnosis, and t-SNE.

    drawn: the files of the pictures that were drawn of these images just now.
    """
    record = run.record.data
    classes = None if record.class_names is None else tuple(record.class_names)
    held_out = HeldOut(images, record.validation, record.source, classes)
    contents = gather(run, held_out, run.diagnose_history(), neighbours=False, drawn=drawn)
    return write_page(run, page_path(run), report_page(run, contents))


def page_path(run: Run, out: str | PathLike[str] | None = None) -> Path:
    """Where a page of a run goes. Raises `UserError` for a file that isn't called one."""
    path = run.directory.report if out is None else Path(out)
    if path.suffix != ".html":
        raise UserError(f"A page is HTML: end {path} in .html.")
    return path


def write_page(run: Run, path: Path, page: str) -> Path:
    """Write a page whole or not at all; in the run's directory, it is on the list of its files.

    Raises `RunError` if another process is writing into the run.
    """
    with run.directory.changing(path):
        write_text(path, page)
    return path
