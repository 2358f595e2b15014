"""What was found, as a file for machines and a page for people."""

from __future__ import annotations

import html
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from vaekit.atomic import write_text

FORMAT = 1
JSON, PAGE = "certificate.json", "certificate.html"
_COLUMNS = ("status", "area", "name", "what", "expected", "got", "tolerance", "seconds")
_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 80rem; padding: 0 1rem;
  color: #1b1b1b; background: #fff; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .3rem .6rem; }
tr { border-bottom: 1px solid #ddd; }
.failed td { background: #fde8e6; }
.skipped td { color: #6b6b6b; }
"""


def certificate(
    environments: Mapping[str, Mapping[str, Any]],
    findings: Sequence[Mapping[str, Any]],
    *,
    quick: bool,
) -> dict[str, Any]:
    """All of it as plain values.

    environments: versions and machine, by backend. findings: as `Finding` has them.
    """
    counts = Counter(finding["status"] for finding in findings)
    return {
        "format": FORMAT,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "form": "quick" if quick else "whole",
        "proved": not counts["failed"] and bool(counts["passed"]),
        "counts": {status: counts[status] for status in ("passed", "failed", "skipped")},
        "environments": dict(environments),
        "findings": list(findings),
    }


def write_certificate(folder: Path, proof: Mapping[str, Any]) -> tuple[Path, Path]:
    """Write both into a folder, over those that are there; give their paths.

    Raises `RunError` where they can't be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    write_text(folder / JSON, json.dumps(proof, indent=1) + "\n")
    write_text(folder / PAGE, page(proof))
    return folder / JSON, folder / PAGE


def page(proof: Mapping[str, Any]) -> str:
    """The page: whole in itself, what failed first."""
    verdict = "All that was tried holds" if proof["proved"] else "Something doesn't hold"
    counts = ", ".join(f"{count} {status}" for status, count in proof["counts"].items())
    machines = "".join(_environment(*pair) for pair in proof["environments"].items())
    tables = "".join(
        f"<h2>{html.escape(backend)}</h2>{_table(proof['findings'], backend)}"
        for backend in dict.fromkeys(finding["backend"] for finding in proof["findings"])
    )
    return (
        "<!doctype html>\n"
        '<html lang="en"><head><meta charset="utf-8"><title>vaekit: certificate</title>'
        f"<style>{_STYLE}</style></head><body>"
        f"<h1>{verdict}</h1><p>{counts}; the {proof['form']} form, {proof['date']}.</p>"
        f"{machines}{tables}</body></html>\n"
    )


def _environment(backend: str, environment: Mapping[str, Any]) -> str:
    machine = environment["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in environment["versions"].items())
    text = (
        f"{backend} on {', '.join(machine['devices'])}: {machine['processor']}, "
        f"{machine['cores']} cores, {machine['system']}; {versions}."
    )
    return f"<p>{html.escape(text)}</p>"


def _table(findings: Sequence[Mapping[str, Any]], backend: str) -> str:
    order = {"failed": 0, "passed": 1, "skipped": 2}
    rows = sorted(
        (finding for finding in findings if finding["backend"] == backend),
        key=lambda finding: order[finding["status"]],
    )
    head = "".join(f"<th>{column}</th>" for column in _COLUMNS)
    body = "".join(_row(row) for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _row(finding: Mapping[str, Any]) -> str:
    cells = "".join(f"<td>{html.escape(str(finding[column]))}</td>" for column in _COLUMNS)
    return f'<tr class="{finding["status"]}">{cells}</tr>'
