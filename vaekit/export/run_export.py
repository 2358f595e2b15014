"""From a run to a folder of its parts in another format, checked and described."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

from vaekit.errors import OptionError, UserError, closest
from vaekit.export.description import (
    describe_check,
    describe_part,
    describe_run,
    example,
    versions,
)
from vaekit.export.folder import ExportFolder
from vaekit.export.formats import FORMATS, Format
from vaekit.export.parts import ALL, PARTS, chosen_parts
from vaekit.export.written import write_parts
from vaekit.run import HeldOut, Run
from vaekit.startup import refuse_fork, with_keras_defaults
from vaekit.types import Images
from vaekit.wording import option_text

CHECKED = 64  # images by which an export is held against Keras
FLOAT32 = "float32"


class Export(NamedTuple):
    """What was exported.

    path: the folder. description: what its `export.json` holds, of all parts that are in it.
    written: names of the parts that were written now. example: three lines that run the first.
    """

    path: Path
    description: dict[str, Any]
    written: tuple[str, ...]
    example: str


@with_keras_defaults
def export_run(
    run: Run,
    format: str,
    part: str = ALL,
    *,
    quantize: str | None = None,
    out: str | PathLike[str] | None = None,
    data: Any = None,
    skip_bad: bool = False,
    progress: bool = False,
) -> Export:
    """See `Run.export`."""
    refuse_fork()
    form = _form(format, part, quantize)
    form.refuse_missing()
    precision = quantize or FLOAT32
    path = default_folder(run, form, precision) if out is None else Path(out)
    with run.directory.held():
        about = {"format": form.name, "precision": precision, **describe_run(run)}
        folder = ExportFolder(path, about)
        held_out = run.held_out(data, CHECKED, skip_bad=skip_bad, progress=progress)
        images = _refuse_unlabelled(run, held_out)
        parts, left_out = chosen_parts(run, part, images)
        about["checked"] = describe_check(held_out, len(images.pixels))
        about["versions"] = versions(form)
        about["left_out"] = left_out

        def write(aside: Path) -> dict[str, Any]:
            differences = write_parts(parts, form, aside, quantize)
            return {
                name: describe_part(each, form, aside / name, differences[name])
                for name, each in parts.items()
            }

        description = folder.write(write)
    first = next(iter(parts))
    shown = example(parts[first], form, str(form.path(path / first)))
    return Export(path, description, tuple(parts), shown)


def default_folder(run: Run, form: Format, precision: str) -> Path:
    """`exports/onnx` of the run's directory, `exports/onnx-float16`."""
    name = form.name if precision == FLOAT32 else f"{form.name}-{precision}"
    return run.path / "exports" / name


def _form(format: str, part: str, quantize: str | None) -> Format:
    """The format asked for. Raises `OptionError` for what no export is."""
    form = FORMATS.get(format)
    if form is None:
        raise OptionError(f"There is no format {format!r}. {closest(format, FORMATS)}")
    if part != ALL and part not in PARTS:
        raise OptionError(f"There is no part {part!r}. {closest(part, (ALL, *PARTS))}")
    if quantize is None or quantize in form.quantizations:
        return form
    others = [each.name for each in FORMATS.values() if quantize in each.quantizations]
    if not others:
        known = {name for each in FORMATS.values() for name in each.quantizations}
        raise OptionError(
            f"There is no {option_text('quantize', quantize)}: choose {' or '.join(sorted(known))}."
        )
    own = [option_text("quantize", name) for name in form.quantizations]
    raise OptionError(
        f"{form.title} is not written in {quantize}: choose "
        f"{' or '.join([*own, *(option_text('format', name) for name in others)])}."
    )


def _refuse_unlabelled(run: Run, held_out: HeldOut) -> Images:
    """The images by which an export is checked, as the run takes them.

    Raises `UserError` where there are none, `DataError` without the labels that the run needs.
    """
    images = held_out.images
    if not len(images.pixels):
        raise UserError(
            f"{run.path} has no held-out images, by which an export is checked: name a source that "
            f"has some by {option_text('data')}."
        )
    return images._replace(labels=run.classes_of(images))
