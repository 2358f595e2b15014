"""The evidence of a diagnosis in one picture."""

from __future__ import annotations

import textwrap
from collections.abc import Callable

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import MaxNLocator

from vaekit.diagnosis import Diagnosis, Evidence
from vaekit.figures.style import COLOURS, FAINT, StyledFigure, styled

_WIDTH, _HEIGHT, _LINE = 3.2, 2.8, 0.17  # inches
_LETTERS = 46  # of a line, a panel's width
_DRAWS = 500


@styled()
def draw_diagnosis(diagnosis: Diagnosis) -> Figure:
    """The evidence in panels, which are there whatever was found.

    How training went, the KL of each unit, the decoder's sigma beside the error it makes, and codes
    among draws of the prior.
    """
    evidence = diagnosis.evidence
    panels = [draw for shown, draw in _PANELS if shown(evidence)]
    columns = max(len(panels), 1)
    lines = _lines(diagnosis, columns * _LETTERS)
    top = (len(lines) + 1) * _LINE
    layout = ConstrainedLayoutEngine(rect=(0, 0, 1, _HEIGHT / (_HEIGHT + top)))
    figure = StyledFigure(figsize=(columns * _WIDTH, _HEIGHT + top), layout=layout)
    for number, draw in enumerate(panels):
        draw(figure.add_subplot(1, columns, number + 1), evidence)
    for number, line in enumerate(lines):
        height = 1 - (number + 0.6) * _LINE / (_HEIGHT + top)
        weight = 400 if line.startswith(" ") else 700
        figure.text(0.01, height, line.strip(), va="center", weight=weight, parse_math=False)
    return figure


def _lines(diagnosis: Diagnosis, width: int) -> list[str]:
    """The first illness and its evidence, and the names of the others."""
    first, *others = diagnosis.findings or (None,)
    if first is None:
        return ["No illness"]
    shown = textwrap.wrap(first.evidence, width)
    lines = [first.title, *(f" {line}" for line in shown)]
    if others:
        lines.append(f" Also: {'; '.join(finding.title for finding in others)}.")
    return lines


def _course(axes: Axes, evidence: Evidence) -> None:
    name = evidence.bound
    for prefix, label, colour, line in (
        ("", "training", COLOURS[0], "-"),
        ("val_", "held-out", COLOURS[2], "--"),
    ):
        points = [(r["epoch"], r[prefix + name]) for r in evidence.rows if prefix + name in r]
        axes.plot(*zip(*points, strict=True), line, marker=".", color=colour, label=label)
    axes.axvline(evidence.kept_epoch, color=FAINT, lw=0.8, zorder=0)
    axes.set_title(name)
    axes.set_xlabel("epoch (line: the weights that are kept)")
    axes.xaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
    axes.legend()


def _units(axes: Axes, evidence: Evidence) -> None:
    units = np.sort(evidence.kl_units)[::-1]
    axes.bar(np.arange(1, len(units) + 1), np.maximum(units, 1e-6), color=COLOURS[0])
    dead_below = evidence.dead_below
    axes.axhline(dead_below, color=COLOURS[2], ls="--", label=f"{dead_below} nats")
    axes.set_yscale("log")
    axes.set_title("KL by unit, nats")
    axes.set_xlabel("unit, by its KL")
    axes.xaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
    axes.legend()


def _errors(axes: Axes, evidence: Evidence) -> None:
    points = [(r["epoch"], r["val_mse"] ** 0.5) for r in evidence.rows if "val_mse" in r]
    axes.plot(*zip(*points, strict=True), marker=".", color=COLOURS[0], label="error, rms")
    if evidence.decoder_variance is not None:
        axes.set_yscale("log")
        axes.axhline(
            evidence.decoder_variance**0.5, color=COLOURS[2], ls="--", label="sigma of p(x|z)"
        )
    axes.set_title("held-out error of a pixel")
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
    axes.legend()


def _codes(axes: Axes, evidence: Evidence) -> None:
    assert evidence.look is not None
    assert evidence.look.prior is not None
    codes, prior = evidence.look.z[:_DRAWS], evidence.look.prior[:_DRAWS]
    # The two dimensions that vary most; of a single one, its draws beside each other.
    order = np.argsort(-codes.var(axis=0))[:2]
    for draws, label, colour in ((prior, "prior", FAINT), (codes, "images", COLOURS[0])):
        x = draws[:, order[0]]
        y = draws[:, order[1]] if len(order) > 1 else np.linspace(-1, 1, len(draws))
        axes.scatter(x, y, s=4, lw=0, color=colour, label=label)
    axes.set_title("z of images and of the prior")
    axes.set_xlabel(f"z{order[0]}")
    axes.set_ylabel(f"z{order[1]}" if len(order) > 1 else "")
    axes.legend(markerscale=2)


_PANELS: tuple[tuple[Callable[[Evidence], bool], Callable[[Axes, Evidence], None]], ...] = (
    (lambda evidence: len(evidence.rows) > 0, _course),
    (lambda evidence: len(evidence.kl_units) > 0, _units),
    (lambda evidence: evidence.error is not None, _errors),
    (lambda evidence: evidence.look is not None and evidence.look.prior is not None, _codes),
)
