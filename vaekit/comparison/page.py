"""A comparison as one page of HTML, whole in itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from vaekit.comparison.curves import curves_of, rate_and_distortion
from vaekit.comparison.grouping import text_of
from vaekit.comparison.pictures import Pictures, pictures_of
from vaekit.page import render

if TYPE_CHECKING:
    from vaekit.comparison.comparison import Comparison
    from vaekit.comparison.ranking import Cell


def page(compared: Comparison, *, images: bool) -> str:
    """The page. images: whether to load the models, and show what they make of images and z."""
    points, about_points = rate_and_distortion(compared.groups)
    data: dict[str, Any] = {"curves": curves_of(compared.groups), "points": points}
    return render(
        ["vaekit.comparison"],
        "compare.html",
        data,
        compared=compared,
        terms={name: _term(name) for name in data["curves"]},
        about_points=about_points,
        pictures=pictures_of(compared.runs) if images else Pictures(),
        with_images=images,
        number=_number,
        texts=_texts,
    )


def _term(column: str) -> str:
    """A column of the history, for people."""
    name = column.removeprefix("val_")
    return f"{name}, held-out images" if name != column else f"{name}, training"


def _texts(values: Sequence[Any]) -> str:
    return ", ".join(map(text_of, values))


def _number(cell: Cell) -> str:
    if cell.mean is None:
        return "-"
    return f"{cell.mean:.5g}" if cell.std is None else f"{cell.mean:.5g} ± {cell.std:.2g}"
