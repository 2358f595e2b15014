"""A certificate as one page of HTML, whole in itself."""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from vaekit.proof.claim import STATUSES

_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 80rem; padding: 0 1rem;
  color: #1b1b1b; background: #fff; }
h2 { margin-top: 2.5rem; }
table { border-collapse: collapse; width: 100%; margin: .6rem 0 1.2rem; }
th, td { text-align: left; vertical-align: top; padding: .3rem .6rem; overflow-wrap: break-word; }
th { border-bottom: 2px solid #999; }
tr { border-bottom: 1px solid #ddd; }
td.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
td.failed, tr.failed td { background: #fde8e6; }
td.passed { color: #17632b; }
.note { color: #5c5c5c; font-size: 90%; }
.verdict { padding: .6rem 1rem; border-radius: 6px; background: #e5f4e8; }
.verdict.failed { background: #fde8e6; }
summary { cursor: pointer; }
"""
_HEADS = {
    "failed": ("what must be so", "expected", "got", "tolerance", "s"),
    "passed": ("what must be so", "expected", "got", "tolerance", "s"),
    "skipped": ("what wasn't tried", "why"),
}


def page(proof: Mapping[str, Any]) -> str:
    """The page: the verdict, a summary by backend, what was left out; then each finding.

    proof: what `certificate` gives. Of each backend what failed comes first, and what was skipped
        last.
    """
    findings: Sequence[Mapping[str, Any]] = proof["findings"]
    tried = (finding["backend"] for finding in findings)
    backends = list(dict.fromkeys([*proof["environments"], *tried]))
    verdict = "All that was tried holds" if proof["proved"] else "Something doesn't hold"
    kind = "passed" if proof["proved"] else "failed"
    left_out = "".join(f"<li>{html.escape(sentence)}</li>" for sentence in proof["left_out"])
    sections = "".join(
        _backend(backend, proof["environments"].get(backend), findings) for backend in backends
    )
    return (
        "<!doctype html>\n"
        '<html lang="en"><head><meta charset="utf-8"><title>vaekit: certificate</title>'
        f"<style>{_STYLE}</style></head><body>"
        f'<h1 class="verdict {kind}">{verdict}</h1>'
        f"<p>{_counted(proof['counts'])}; {html.escape(proof['date'])}.</p>"
        f"<h2>Summary</h2>{_summary(findings, backends)}"
        f"<h2>Left out</h2><ul>{left_out}</ul>"
        f"{sections}</body></html>\n"
    )


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{counts[status]} {status}" for status in STATUSES if counts.get(status))


def _summary(findings: Iterable[Mapping[str, Any]], backends: Sequence[str]) -> str:
    """How many of each area passed, a column a backend."""
    counts: dict[str, dict[str, Counter[str]]] = {}
    for finding in findings:
        by_backend = counts.setdefault(finding["area"], {name: Counter() for name in backends})
        by_backend[finding["backend"]][finding["status"]] += 1
    rows = "".join(
        f"<tr><td>{html.escape(area)}</td>{''.join(map(_count, by_backend.values()))}</tr>"
        for area, by_backend in counts.items()
    )
    return _table(("area", *backends), rows)


def _count(counts: Counter[str]) -> str:
    kind = next((status for status in ("failed", "passed") if counts[status]), "note")
    return f'<td class="{kind}">{_counted(counts)}</td>'


def _backend(
    name: str, environment: Mapping[str, Any] | None, findings: Iterable[Mapping[str, Any]]
) -> str:
    own = [finding for finding in findings if finding["backend"] == name]
    return (
        f"<h2>{html.escape(name)}</h2>"
        + _environment(environment)
        + "".join(
            _findings(status, [finding for finding in own if finding["status"] == status])
            for status in STATUSES
        )
    )


def _environment(environment: Mapping[str, Any] | None) -> str:
    if environment is None:
        return ""
    machine = environment["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in environment["versions"].items())
    text = (
        f"On {', '.join(machine['devices'])}: {machine['processor']}, {machine['cores']} cores, "
        f"{machine['system']}; {versions}."
    )
    return f'<p class="note">{html.escape(text)}</p>'


def _findings(status: str, findings: Sequence[Mapping[str, Any]]) -> str:
    if not findings:
        return ""
    row = _skipped if status == "skipped" else _compared
    table = _table(_HEADS[status], "".join(map(row, findings)))
    opened = "" if status == "skipped" else " open"
    return (
        f"<details{opened}><summary><strong>{status}</strong>: {len(findings)}</summary>"
        f"{table}</details>"
    )


def _table(heads: Sequence[str], rows: str) -> str:
    cells = "".join(f"<th>{html.escape(head)}</th>" for head in heads)
    return f"<table><thead><tr>{cells}</tr></thead><tbody>{rows}</tbody></table>"


def _compared(finding: Mapping[str, Any]) -> str:
    values = "".join(
        f"<td>{html.escape(str(finding[column]))}</td>"
        for column in ("expected", "got", "tolerance")
    )
    seconds = f'<td class="number">{finding["seconds"]:.2f}</td>'
    return f'<tr class="{finding["status"]}">{_claim(finding)}{values}{seconds}</tr>'


def _skipped(finding: Mapping[str, Any]) -> str:
    return f"<tr>{_claim(finding)}<td>{html.escape(finding['got'])}</td></tr>"


def _claim(finding: Mapping[str, Any]) -> str:
    title = html.escape(f"{finding['area']}: {finding['name']}")
    return f'<td>{title}<br><span class="note">{html.escape(finding["what"])}</span></td>'
