"""Where the encoder puts images: the latent map."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Circle

from vaekit.data import take
from vaekit.figures.classes import class_name
from vaekit.figures.inset import Cell, add_inset
from vaekit.figures.names import Shown
from vaekit.figures.style import COLOURS, FAINT, INK, SEQUENCE, StyledFigure, styled
from vaekit.types import Images

if TYPE_CHECKING:
    from vaekit.run import Run

MOST_POINTS = 10_000
_MOST_VECTORS = 2_000  # points that SVG and PDF have as shapes; more are pixels in them
_MARKERS = ("o", "^")  # with ten colours, for twice as many classes
_SIDE, _LEFT, _BELOW, _ABOVE, _RIGHT = 5.2, 0.65, 0.6, 0.4, 0.2  # inches
_SIGMA = "\N{GREEK SMALL LETTER SIGMA}"
_LOG_VAR = "z_log_var"


class _Map(NamedTuple):
    """Points `(N, 2)`, what their axes are, and what sets up the axes for them."""

    points: np.ndarray
    names: tuple[str, str]
    prepare: Callable[[Axes, np.ndarray], None]


@styled()
def draw_latent_map(run: Run, images: Images) -> Figure:
    """The z that stands for each image by `Latent.coordinates`, coloured by label if there is one.

    Of one value, with the posterior's standard deviation where there is one; of two, as they are;
    of more, their first two principal components. Where they are z itself and the prior is N(0, I),
    its 1 and 2 sigma are marked, and the axes are centred on 0. At most 10,000 images are shown.
    """
    images = take(images, slice(MOST_POINTS))
    count, labels = len(images.pixels), images.labels
    map_ = _map_of(run, images)
    classes = None if labels is None or not len(labels) else np.unique(labels)
    names = _class_names(run, classes)

    beside = 0.35 + 0.085 * max(name.columns for name in names) if names else _RIGHT
    if classes is not None and not names:
        beside = 1.0  # a colour bar
    width, height = _LEFT + _SIDE + beside, _BELOW + _SIDE + _ABOVE
    figure = StyledFigure(figsize=(width, height))
    axes = add_inset(figure, left=_LEFT, bottom=_BELOW, right=beside, top=_ABOVE)
    axes.set(
        title="Latent map of held-out images" if count else "Latent map: there are no images",
        xlabel=map_.names[0],
        ylabel=map_.names[1],
    )
    map_.prepare(axes, map_.points)
    size = float(np.clip(30_000 / max(1, len(map_.points)), 4, 30))
    x, y = map_.points.T
    if classes is None or labels is None:
        axes.scatter(x, y, s=size, color=COLOURS[0], alpha=0.7, linewidths=0)
    elif names:
        _scatter_classes(axes, map_.points, np.searchsorted(classes, labels), names, size)
    else:
        drawn = axes.scatter(x, y, s=size, c=labels, cmap=SEQUENCE, linewidths=0)
        bar = add_inset(
            figure,
            left=0.15 - beside,
            bottom=_BELOW,
            right=beside - 0.3,
            top=_ABOVE,
            cell=lambda _width, _height: Cell(left=1.0),
        )
        figure.colorbar(drawn, cax=bar, label="label")
    for points in axes.collections:
        points.set_rasterized(count > _MOST_VECTORS)
    return figure


def _map_of(run: Run, images: Images) -> _Map:
    model, count = run.model, len(images.pixels)
    z = run.latents(images) if count else np.zeros((0, *model.latent_shape))
    shown = model.latent.coordinates(z)
    name, in_prior = model.point_name, model.has_standard_prior
    if not np.array_equal(shown, z):
        name, in_prior = f"{'pooled' if z.ndim > 2 else 'projected'} {name}", False
    if shown.shape[1] == 1:
        return _line_of(run, images, shown, name, in_prior)
    prepare = _prior_circles if in_prior else _one_scale
    if shown.shape[1] == 2:
        return _Map(shown, (f"{name} 1", f"{name} 2"), prepare)
    if not count:
        return _Map(np.zeros((0, 2)), (f"component 1 of {name}", "component 2"), prepare)
    directions, shares = principal_components(shown)
    # Not less their mean: the prior's circles stay where the prior is.
    names = [
        f"component {number} of {name} ({share:.0%} of its variance)"
        for number, share in enumerate(shares, start=1)
    ]
    return _Map(shown @ directions.T, (names[0], names[1]), prepare)


def _line_of(run: Run, images: Images, shown: np.ndarray, name: str, in_prior: bool) -> _Map:
    """One coordinate `(N, 1)` and, where the posterior has one, its standard deviation."""
    if run.latent_dim > 1 or _LOG_VAR not in run.model.posterior_names:
        order = np.arange(len(shown))[:, None]
        return _Map(np.concatenate([shown, order], axis=1), (name, "image"), _as_it_is)
    deviation = np.zeros((0, 1))
    if len(shown):
        log_var = getattr(run.posterior(images), _LOG_VAR).reshape(-1, 1)
        deviation = np.exp(0.5 * log_var)
    points = np.concatenate([shown.reshape(-1, 1), deviation], axis=1)
    prepare = _prior_line if in_prior else _as_it_is
    return _Map(points, (name, "posterior standard deviation"), prepare)


def principal_components(values: np.ndarray, count: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """The directions `(count, D)` in which `values` `(N, D)` vary most, and their shares of it.

    Each has length 1, and its largest entry is positive. Shares of no variance at all are 0.
    """
    centred = values.astype(np.float64) - values.mean(axis=0, dtype=np.float64)
    if count <= len(centred) < centred.shape[1]:  # which spares a large matrix
        _, spreads, directions = np.linalg.svd(centred, full_matrices=False)
        variances = np.square(spreads)
    else:
        _, variances, directions = np.linalg.svd(centred.T @ centred, hermitian=True)
    directions = directions[:count]
    largest = np.abs(directions).argmax(axis=1)
    signs = np.sign(np.take_along_axis(directions, largest[:, None], axis=1))
    return directions * signs, variances[:count] / (variances.sum() or 1.0)


def _prior_circles(axes: Axes, points: np.ndarray) -> None:
    """The prior's 1 and 2 sigma, in square axes of one scale that are centred on 0."""
    half = 1.06 * max(2.25, float(np.abs(points).max(initial=0.0)))
    axes.set(xlim=(-half, half), ylim=(-half, half), aspect="equal")
    for sigma in (1, 2):
        axes.add_patch(Circle((0, 0), sigma, fill=False, color=INK, linewidth=0.9, zorder=3))
        _outlined(axes, 0, -sigma, f"{sigma}{_SIGMA}", fontsize="small")


def _one_scale(axes: Axes, points: np.ndarray) -> None:
    """Square axes of one scale around the points."""
    lowest, highest = (
        (points.min(axis=0), points.max(axis=0)) if len(points) else (-np.ones(2), np.ones(2))
    )
    half = 0.53 * float(max(highest - lowest)) or 1.0
    x, y = (lowest + highest) / 2
    axes.set(xlim=(x - half, x + half), ylim=(y - half, y + half), aspect="equal")


def _as_it_is(axes: Axes, points: np.ndarray) -> None:
    """Two axes of unlike things, which matplotlib fits to the points."""


def _prior_line(axes: Axes, points: np.ndarray) -> None:
    """The same of one latent, whose other axis is a standard deviation; the prior's is 1."""
    half = 1.06 * max(2.25, float(np.abs(points[:, 0]).max(initial=0.0)))
    top = 1.06 * max(1.1, float(points[:, 1].max(initial=0.0)))
    axes.set(xlim=(-half, half), ylim=(0, top))
    axes.axhline(1, color=FAINT, linewidth=0.9, zorder=0)
    _outlined(axes, -0.93 * half, 1, "prior", fontsize="small")
    for sigma in (-2, -1, 1, 2):
        axes.axvline(sigma, color=INK, linewidth=0.9, zorder=0)
        _outlined(
            axes,
            sigma,
            0.97 * top,
            f"{sigma}{_SIGMA}".replace("-", "\N{MINUS SIGN}"),
            fontsize="small",
        )


def _scatter_classes(
    axes: Axes, points: np.ndarray, numbers: np.ndarray, names: Sequence[Shown], size: float
) -> None:
    """Points coloured by class, each class named in a legend and at its middle."""
    colours = np.array(COLOURS)[np.arange(len(names)) % len(COLOURS)]
    markers = [_MARKERS[number // len(COLOURS)] for number in range(len(names))]
    # All classes of a marker at once and in the order of the images: none covers another.
    for marker in dict.fromkeys(markers):
        of_marker = np.array(markers)[numbers] == marker
        axes.scatter(
            points[of_marker, 0],
            points[of_marker, 1],
            s=size,
            c=colours[numbers[of_marker]],
            marker=marker,
            alpha=0.75,
            linewidths=0,
        )
    for number, name in enumerate(names):
        x, y = np.median(points[numbers == number], axis=0)
        _outlined(axes, x, y, name.text, fontweight="bold", fontfamily=name.families)
    legend = axes.legend(
        handles=[
            Line2D([], [], linestyle="", marker=marker, color=colour)
            for marker, colour in zip(markers, colours, strict=True)
        ],
        labels=[name.text for name in names],
        loc="center left",
        bbox_to_anchor=(1.0, 0.5),
        handletextpad=0.2,
    )
    for text, name in zip(legend.get_texts(), names, strict=True):
        text.set_fontfamily(name.families)


def _class_names(run: Run, classes: np.ndarray | None) -> list[Shown]:
    """What to call the classes; none where there are too many, or they are numbers on a scale."""
    if classes is None or len(classes) > len(COLOURS) * len(_MARKERS):
        return []
    return [class_name(run, value) for value in classes]


def _outlined(axes: Axes, x: float, y: float, text: str, **style: Any) -> None:
    """A word that can be read on any colour."""
    outline = patheffects.withStroke(linewidth=2.5, foreground="white")
    axes.text(x, y, text, ha="center", va="center", zorder=4, path_effects=[outline], **style)
