"""A certificate as one page of HTML, whole in itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from vaekit.page import render
from vaekit.proof.claim import STATUSES

Finding = Mapping[str, Any]


def page(proof: Mapping[str, Any]) -> str:
    """The page: the verdict, a summary by backend, what was left out; then each finding.

    proof: what `certificate` gives. Of each backend what failed comes first, and what was skipped
        last.
    """
    findings: Sequence[Finding] = proof["findings"]
    tried = (finding["backend"] for finding in findings)
    backends = list(dict.fromkeys([*proof["environments"], *tried]))
    return render(
        ["vaekit.proof"],
        "certificate.html",
        data=None,
        proof=proof,
        summary=_summary(findings, backends),
        backends={name: _by_status(name, findings) for name in backends},
        counted=_counted,
    )


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{counts[status]} {status}" for status in STATUSES if counts.get(status))


def _summary(
    findings: Iterable[Finding], backends: Sequence[str]
) -> dict[str, dict[str, Counter[str]]]:
    """How many of each area had which outcome, by backend."""
    counts: dict[str, dict[str, Counter[str]]] = {}
    for finding in findings:
        by_backend = counts.setdefault(finding["area"], {name: Counter() for name in backends})
        by_backend[finding["backend"]][finding["status"]] += 1
    return counts


def _by_status(backend: str, findings: Iterable[Finding]) -> dict[str, list[Finding]]:
    """The findings of one backend, by their outcome; an outcome that none had is left out."""
    own = [finding for finding in findings if finding["backend"] == backend]
    by_status = {status: [f for f in own if f["status"] == status] for status in STATUSES}
    return {status: group for status, group in by_status.items() if group}
