"""What became slower between two result files."""

from __future__ import annotations

from typing import Any, NamedTuple

from vaekit.benchmark.results import Result
from vaekit.errors import UserError

Key = tuple[Any, ...]


class Change(NamedTuple):
    """One thing that both files measured.

    factor: of the new median over the old.
    verdict: `slower` or `faster` (or, of memory, `more` or `less`) if every new value is beyond
        every old one, else `same`.
    """

    name: str
    unit: str
    old: float
    new: float
    factor: float
    verdict: str

    @property
    def worse(self) -> bool:
        """Whether it is beyond the spread, and the wrong way."""
        return self.verdict in ("slower", "more")


def compare(old: Result, new: Result) -> list[Change]:
    """Every measurement that is in both, in the new file's order.

    Raises `UserError` if there is none.
    """
    before = {_key(old, row): row for row in old["measurements"]}
    changes = [
        _change(before[key], row)
        for row in new["measurements"]
        if (key := _key(new, row)) in before
    ]
    if not changes:
        raise UserError(
            "The two files have no measurement in common: they differ in what was measured, in "
            "backend, precision or parts, or in batch sizes."
        )
    return changes


def differences(old: Result, new: Result) -> list[str]:
    """Sentences on what else differs, and so may be why: the machine and the versions."""
    said = []
    machines = [result.get("machine", {}).get("processor") for result in (old, new)]
    devices = [result.get("machine", {}).get("devices") for result in (old, new)]
    if machines[0] != machines[1] or devices[0] != devices[1]:
        said.append(f"The machines differ: {machines[0]} {devices[0]}, {machines[1]} {devices[1]}.")
    was, now = (result.get("versions", {}) for result in (old, new))
    said += [
        f"{name} was {was.get(name)}, and is {now.get(name)}."
        for name in sorted(was.keys() | now.keys())
        if was.get(name) != now.get(name)
    ]
    return said


def _key(result: Result, row: dict[str, Any]) -> Key:
    subject = result.get("subject", {})
    parts = tuple(str(subject.get(name)) for name in ("encoder", "decoder", "loss", "image_shape"))
    return (
        result["kind"],
        result.get("backend"),
        subject.get("precision"),
        parts,
        row["what"],
        row.get("peer"),
        row.get("batch_size"),
        row["unit"],
    )


def _change(old: dict[str, Any], new: dict[str, Any]) -> Change:
    up, down = new["lowest"] > old["highest"], new["highest"] < old["lowest"]
    words = ("more", "less") if new["unit"] == "bytes" else ("slower", "faster")
    higher_is_better = new["better"] == "higher"
    verdict = "same"
    if up or down:
        verdict = words[up == higher_is_better]
    factor = new["median"] / old["median"] if old["median"] else float("inf")
    return Change(name_of(new), new["unit"], old["median"], new["median"], factor, verdict)


def name_of(row: dict[str, Any]) -> str:
    """A measurement as a person reads it: what, of which peer, at which batch size."""
    name = " of ".join(str(row[key]) for key in ("what", "peer") if row.get(key))
    return f"{name}, batch {row['batch_size']}" if row.get("batch_size") else name
