"""Result files as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from vaekit.benchmark.comparison import name_of
from vaekit.benchmark.results import Result

NOTHING = "No results are kept in `benchmarks/results/` yet; these commands measure them."

_SUMMARY = 3  # rows in the README

_TITLES = {
    "growth": "How each stage of a run grows",
    "kit": "vaekit alone",
    "many_runs": "Memory over many runs in one process",
    "peers": "vaekit and its peers",
    "recipe_search": "The search for the recipe `fast`",
    "recipes": "The recipe `fast` with other nets and losses",
    "start_and_end": "Start and end of a training, before and after",
    "streaming": "Images from a file, against images in memory",
    "time_to_quality": "Time to the tutorial's quality",
    "variants": "Training of other parts",
    "whole_process": "Whole processes",
}


def report(results: Mapping[str, Result]) -> str:
    """Everything that the files hold, a section a file."""
    parts = ["# Benchmark results", "", "Made by `python benchmarks/report.py` from the JSON here."]
    for name, result in results.items():
        parts += ["", f"## {_TITLES[result['kind']]}: `{name}.json`", "", where(result), ""]
        parts += [result["note"], ""] if "note" in result else []
        parts += [*table(result), "", f"![{_TITLES[result['kind']]}]({name}.png)"]
    return "\n".join([*parts, *([] if results else ["", NOTHING]), ""])


def summary(results: Mapping[str, Result]) -> str:
    """What the README shows: the first peers on the default backend; the rest is in the report."""
    for result in results.values():
        if result["kind"] == "peers" and result["backend"] == "tensorflow":
            rows = {**result, "measurements": result["measurements"][:_SUMMARY], "left_out": {}}
            return "\n".join([*table(rows), "", where(result)])
    return NOTHING


def where(result: Result) -> str:
    """Machine, versions, date and commit in a line or two."""
    machine, versions = result["machine"], result["versions"]
    used = ("python", "keras", "tensorflow", "jax", "torch")
    libraries = ", ".join(f"{name} {versions[name]}" for name in used if name in versions)
    subject = result.get("subject", {})
    precision = f" in {subject['precision']}" if "precision" in subject else ""
    device = result.get("device_model") or ", ".join(machine["devices"])
    return (
        f"{result['backend']}{precision} on {device}; "
        f"{machine['processor']}, {machine['cores']} cores; {libraries}; {result['date'][:10]}, "
        f"commit {_short(result['commit'] or 'unknown')}."
    )


def _short(commit: str) -> str:
    number, _, dirty = commit.partition("-")
    return f"{number[:10]}, with changes" if dirty else number[:10]


def table(result: Result) -> list[str]:
    """The measurements of a result, as the lines of a Markdown table."""
    rows = result["measurements"]
    if result["kind"] == "peers":
        left_out = [f"Left out: {reason}" for reason in result["left_out"].values()]
        head = ("peer", "batch", "images/s", "vaekit's images/s", "vaekit is faster by")
        return [*_lines(head, map(_peer, rows)), *(["", *left_out] if left_out else [])]
    if result["kind"] == "growth":
        head = ("stage", "as there are more", "its time grows by the power", "its work by", "")
        return _lines(head, (_growth(row) for row in rows if row["unit"] == "exponent"))
    lines = _lines(("what", "median", "lowest", "highest", ""), map(_plain, rows))
    if result.get("ceilings") is None:
        return lines
    ceilings = [result["ceilings"], *result.get("other_ceilings", ())]
    return [
        *lines,
        "",
        f"Ceilings of this machine, at most: {'; '.join(map(_ceiling, ceilings))}. The nets take "
        f"{result['subject']['multiply_adds']:,} multiply-adds an image forward.",
    ]


def _ceiling(rates: dict[str, Any]) -> str:
    dtype = f" of {rates['dtype']}" if "dtype" in rates else ""
    return (
        f"{rates['flop_per_s'] / 1e9:,.1f} GFLOP/s in a matrix product{dtype}, "
        f"{rates['bytes_per_s'] / 1e9:,.1f} GB/s in a copy"
    )


def _peer(row: dict[str, Any]) -> tuple[str, ...]:
    ratio = row["ratio"]
    return (
        row["title"],
        str(row["batch_size"]),
        f"{row['median']:,.0f}",
        f"{row['kit']['median']:,.0f}",
        f"**{ratio['median']:.2f} x** ({ratio['lowest']:.2f} to {ratio['highest']:.2f}, "
        f"{len(ratio['values'])} pairs)",
    )


def _growth(row: dict[str, Any]) -> tuple[str, ...]:
    exponents = (f"{row[key]:.2f}" for key in ("median", "work_exponent"))
    return (row["stage"], row["axis"], *exponents, row["verdict"])


def _plain(row: dict[str, Any]) -> tuple[str, ...]:
    notes = [row["verdict"]] if "verdict" in row else []
    if "share_of_limit" in row:
        notes.append(f"{row['share_of_limit']:.0%} of what the machine could do")
        built = f"built in {row['build_seconds']:.1f} s, " if "build_seconds" in row else ""
        notes.append(f"{built}first call {row['first_call_seconds']:.1f} s, apart")
    unit, factor = ("MiB", 2**20) if row["unit"] == "bytes" else (row["unit"], 1)
    numbers = (_number(row[key] / factor) for key in ("median", "lowest", "highest"))
    return (f"{name_of(row)}{f' ({unit})' if unit else ''}", *numbers, "; ".join(notes))


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}"


def _lines(head: Iterable[str], rows: Iterable[Iterable[str]]) -> list[str]:
    head = list(head)
    return [
        f"| {' | '.join(head)} |",
        f"|{'---|' * len(head)}",
        *(f"| {' | '.join(row)} |" for row in rows),
    ]
