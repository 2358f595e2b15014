"""What became slower between two result files."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from vaekit.benchmark.results import Result
from vaekit.config import PART_FIELDS
from vaekit.errors import UserError

Row = dict[str, Any]
Key = tuple[Any, ...]

# How far to either side the truth may be from a value that was taken once: peaks of memory differ
# by some percent from one process to the next.
SINGLE = 0.05

# What must be equal for two measurements to be of the same thing.
_SUBJECT = (
    *sorted(PART_FIELDS),
    *("latent_dim", "latent_shape", "condition", "condition_code", "image_shape", "data"),
)
# What was measured before latents were parts, whose files don't say so.
_BEFORE = {
    "latent": "normal",
    "latent_opt": {"grid": False},
    "prior_opt": {},
    "condition_code": "one-hot",
}


class Change(NamedTuple):
    """One thing that both files measured.

    factor: of the new median over the old.
    verdict: `slower` or `faster` (or, of memory, `more` or `less`) if every new value is beyond
        every old one, else `same`. A single value counts as known to `SINGLE`.
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

    Of a peer's row, the kit's own speed beside it and the ratio of the two are measurements, too.

    Raises `UserError` if there is none.
    """
    before, after = _rows(old), _rows(new)
    changes = [_change(before[key], row) for key, row in after.items() if key in before]
    if not changes:
        raise UserError(
            f"The two files have no measurement in common: they differ in {_unlike(old, new)}."
        )
    return changes


def unmatched(old: Result, new: Result) -> tuple[list[str], list[str]]:
    """Names of the measurements that only the old file has, and of those only in the new one."""
    before, after = _rows(old), _rows(new)
    gone = [name_of(row) for key, row in before.items() if key not in after]
    return gone, [name_of(row) for key, row in after.items() if key not in before]


def differences(old: Result, new: Result) -> list[str]:
    """Sentences on what else differs, and so may be why: machine, versions, choices, settings."""
    lines = []
    machines = [result.get("machine", {}).get("processor") for result in (old, new)]
    devices = [result.get("machine", {}).get("devices") for result in (old, new)]
    if machines[0] != machines[1] or devices[0] != devices[1]:
        lines.append(
            f"The machines differ: {machines[0]} {devices[0]}, {machines[1]} {devices[1]}."
        )
    return [
        *lines,
        *_unequal("", *(result.get("versions", {}) for result in (old, new))),
        *_unequal("The choice of ", *(_choices(result) for result in (old, new))),
        *_unequal("The setting ", *(result.get("settings", {}) for result in (old, new))),
    ]


def name_of(row: Row) -> str:
    """A measurement as a person reads it: what, of which peer, at which batch size."""
    name = " of ".join(str(row[key]) for key in ("what", "peer") if row.get(key))
    return f"{name}, batch {row['batch_size']}" if row.get("batch_size") else name


def _unlike(old: Result, new: Result) -> str:
    """What keeps all measurements of two files apart."""
    was, now = _subject(old), _subject(new)
    names = [name for name in _SUBJECT if was.get(name) != now.get(name)]
    if not names:
        return "what was measured, in backend or precision, or in batch sizes"
    return ", ".join(f"{name} ({was.get(name)}, {now.get(name)})" for name in names)


def _unequal(prefix: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    return [
        f"{prefix}{name} was {old.get(name)}, and is {new.get(name)}."
        for name in sorted(old.keys() | new.keys())
        if old.get(name) != new.get(name)
    ]


def _choices(result: Result) -> dict[str, str]:
    return {name: choice["value"] for name, choice in result.get("choices", {}).items()}


def _subject(result: Result) -> dict[str, Any]:
    subject: dict[str, Any] = {**_BEFORE, **result.get("subject", {})}
    subject.setdefault("latent_shape", [subject.get("latent_dim")])
    return subject


def _rows(result: Result) -> dict[Key, Row]:
    """The measurements by what makes two of them the same."""
    rows = [part for row in result["measurements"] for part in _parts(row)]
    return {_key(result, row): row for row in rows}


def _parts(row: Row) -> Iterator[Row]:
    """A row, and where it is a peer's, the kit's own speed and the ratio as rows of their own."""
    yield row
    what, peer = row["what"], row.get("peer")
    more = {"batch_size": row.get("batch_size")}
    if row.get("kit"):
        values = row["kit"]["values"]
        more |= {"unit": row["unit"], "better": row["better"]}
        spread = {"lowest": min(values), "highest": max(values)}
        yield {**row["kit"], **spread, **more, "what": f"{what} of vaekit beside {peer}"}
    if row.get("ratio"):
        more |= {"unit": "x", "better": "higher"}
        yield {**row["ratio"], **more, "what": f"{what}, vaekit over {peer}"}


def _key(result: Result, row: Row) -> Key:
    subject = _subject(result)
    return (
        result["kind"],
        result.get("backend"),
        row.get("precision", subject.get("precision")),
        # As text, since a list is no key; sorted, since the order of options means nothing.
        tuple(json.dumps(subject.get(name), sort_keys=True) for name in _SUBJECT),
        row["what"],
        row.get("peer"),
        row.get("batch_size"),
        row["unit"],
    )


def _change(old: Row, new: Row) -> Change:
    (old_lowest, old_highest), (new_lowest, new_highest) = _range(old), _range(new)
    up, down = new_lowest > old_highest, new_highest < old_lowest
    words = ("more", "less") if new["unit"] == "bytes" else ("slower", "faster")
    higher_is_better = new["better"] == "higher"
    verdict = "same"
    if up or down:
        verdict = words[up == higher_is_better]
    factor = new["median"] / old["median"] if old["median"] else float("inf")
    return Change(name_of(new), new["unit"], old["median"], new["median"], factor, verdict)


def _range(row: Row) -> tuple[float, float]:
    """Lowest and highest; of a single value, which has no spread, what it is taken to have."""
    if len(row["values"]) > 1:
        return row["lowest"], row["highest"]
    slack = SINGLE * abs(row["median"])
    return row["median"] - slack, row["median"] + slack
