"""Result files as pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from PIL import Image

from vaekit.atomic import write_whole
from vaekit.benchmark.comparison import name_of
from vaekit.benchmark.results import Result

_SOURCE = "Source"  # a field that PNG knows


def draw(result: Result, path: Path, source: str) -> None:
    """Draw a result, and keep in the picture what it was drawn from."""
    figure = Figure(figsize=(8.0, 4.5), layout="constrained")
    draws = {
        "growth": _growth,
        "kit": _kit,
        "many_runs": _many_runs,
        "peers": _peers,
        "time_to_quality": _quality,
        "recipes": _recipes,
        "recipe_search": _search,
    }
    panels = list(dict.fromkeys(row.get("axis") for row in result["measurements"]))
    axes = figure.subplots(1, len(panels), sharey=True)
    draws.get(result["kind"], _bars)(axes, result)
    write_whole(
        path, lambda temporary: figure.savefig(temporary, dpi=120, metadata={_SOURCE: source})
    )


def source_of(path: Path) -> str | None:
    """What a picture was drawn from; None if there is no picture, or a damaged one."""
    try:
        with Image.open(path) as image:
            image.verify()  # the sums of all parts, but not whether the parts make a picture
        with Image.open(path) as image:
            image.load()
            return image.info.get(_SOURCE)
    except Exception:  # whatever the damage makes of the file's lengths and sums
        return None


def _kit(axes: Any, result: Result) -> None:
    rows = [row for row in result["measurements"] if row["unit"] == "images/s"]
    if not rows:
        _bars(axes, result)
        return
    for what in dict.fromkeys(row["what"] for row in rows):
        of = [row for row in rows if row["what"] == what]
        sizes = [row["batch_size"] for row in of]
        (line,) = axes.plot(sizes, [row["median"] for row in of], marker="o", label=what)
        axes.fill_between(
            sizes,
            [row["lowest"] for row in of],
            [row["highest"] for row in of],
            color=line.get_color(),
            alpha=0.2,
        )
        limits = [min(row["limit_by_arithmetic"], row["limit_by_traffic"]) for row in of]
        axes.plot(sizes, limits, ":", color=line.get_color())
    axes.set(title="Speed by batch size; dotted, what the machine could do", xscale="log")
    sizes = sorted({row["batch_size"] for row in rows})
    axes.set_xticks(sizes, [str(size) for size in sizes])
    axes.minorticks_off()
    axes.set(xlabel="batch size", ylabel="images/s", ylim=(0, None))
    axes.legend()


def _growth(panels: Any, result: Result) -> None:
    """Seconds for a unit of work, of the smallest size's: what grows with its work stays at 1."""
    timed = [row for row in result["measurements"] if row["unit"] == "s"]
    for axes, axis in zip(panels, dict.fromkeys(row["axis"] for row in timed), strict=True):
        along = [row for row in timed if row["axis"] == axis]
        for stage in dict.fromkeys(row["stage"] for row in along):
            rows = [row for row in along if row["stage"] == stage]
            costs = [row["lowest"] / row["work"] for row in rows]
            sizes = [row["size"] for row in rows]
            axes.plot(sizes, [cost / costs[0] for cost in costs], marker=".", label=stage)
        axes.axhline(1, color="0.6", linewidth=1, linestyle=":")
        axes.set(xlabel=axis, xscale="log", yscale="log")
        axes.set_xticks(sizes, [f"{size:,}" for size in sizes], rotation=45, fontsize="x-small")
        axes.minorticks_off()
    # A decade rarely has a second tick here. All panels have one scale.
    low, high = panels[0].get_ylim()
    marks = [mark for mark in (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10) if low <= mark <= high]
    panels[0].set_yticks(marks, [f"{mark:g}" for mark in marks])
    panels[0].set(ylabel="time for a unit of work, first size 1")
    panels[-1].legend(fontsize="x-small", loc="upper left", bbox_to_anchor=(1, 1))


def _many_runs(axes: Any, result: Result) -> None:
    held, growth = result["measurements"]
    numbers = range(1, len(held["values"]) + 1)
    axes.plot(numbers, [value / 2**20 for value in held["values"]], ".")
    kib = growth["median"] / 2**10
    title = f"Memory of one process: {growth['verdict']}, {kib:.1f} KiB a run"
    axes.set(title=title, xlabel="runs made", ylabel="MiB", ylim=(0, None))


def _peers(axes: Any, result: Result) -> None:
    rows = result["measurements"]
    names = [f"{row['title']}, batch {row['batch_size']}" for row in rows]
    places = range(len(rows))
    axes.barh([p - 0.2 for p in places], [r["median"] for r in rows], 0.4, label="peer")
    axes.barh([p + 0.2 for p in places], [r["kit"]["median"] for r in rows], 0.4, label="vaekit")
    axes.set(title="Training, in turn with vaekit", xlabel="images/s")
    axes.set_yticks(places, names)
    axes.invert_yaxis()
    axes.legend(loc="upper left", bbox_to_anchor=(1, 1))


def _quality(axes: Any, result: Result) -> None:
    for run in result["runs"]:
        name = " ".join((run["who"], *run["options"], f"seed {run['seed']}"))
        points = [(point["seconds"] / 60, point["total"]) for point in run["curve"]]
        style = "-" if run["who"] == "vaekit" else "--"
        axes.plot(*zip(*points, strict=True), style, marker=".", label=name)
    axes.set(title="Test total by wall time", xlabel="minutes", ylabel="1000 MSE + KL")
    axes.legend(fontsize="small")


def _recipes(axes: Any, result: Result) -> None:
    """Each case's loss and time, of what its tutorial has at its end."""
    colours: dict[str, Any] = {}
    for name, curve in result["curves"].items():
        case, _, recipe = name.rpartition(", ")
        end = result["curves"][f"{case}, tutorial"][-1]
        times = [point["seconds"] / end["seconds"] for point in curve]
        losses = [point["total"] / end["total"] for point in curve]
        style = "--" if recipe == "tutorial" else "-"
        color = colours.get(case)
        (line,) = axes.plot(times, losses, style, marker=".", color=color, label=name)
        colours[case] = line.get_color()
    axes.axhline(1, color="0.6", linewidth=1, linestyle=":")
    axes.set(title="Test loss by wall time, of the tutorial's end", xlabel="time", ylabel="loss")
    axes.legend(fontsize="small", loc="upper left", bbox_to_anchor=(1, 1))


def _search(axes: Any, result: Result) -> None:
    for number, row in enumerate(result["measurements"]):
        totals = [point["total"] for point in row["curve"]]
        name = row["what"].removeprefix("total: ")
        style = "-" if number < 10 else "--"  # colours begin again after ten
        axes.plot(range(1, len(totals) + 1), totals, style, marker=".", label=name)
    axes.set(title="Test total by epoch", xlabel="epoch", ylabel="1000 MSE + KL", yscale="log")
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.yaxis.set_major_formatter("{x:.0f}")
    axes.yaxis.set_minor_formatter("{x:.0f}")
    axes.legend(fontsize="x-small", loc="upper left", bbox_to_anchor=(1, 1))


def _bars(axes: Any, result: Result) -> None:
    unit = result["measurements"][0]["unit"]
    rows = [row for row in result["measurements"] if row["unit"] == unit]
    axes.barh([name_of(row) for row in rows], [row["median"] for row in rows])
    axes.set(xlabel=unit)
    axes.invert_yaxis()
