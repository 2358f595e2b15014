"""What was found, as a file for machines and a page for people."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from vaekit.atomic import write_text
from vaekit.proof.claim import STATUSES
from vaekit.proof.extent import Extent
from vaekit.proof.page import page
from vaekit.startup import BACKENDS

FORMAT = 1
JSON, PAGE = "certificate.json", "certificate.html"


def certificate(
    environments: Mapping[str, Mapping[str, Any]],
    findings: Sequence[Mapping[str, Any]],
    extent: Extent,
) -> dict[str, Any]:
    """All of it as plain values.

    environments: versions and machine, by backend. findings: as `Finding` has them.
    """
    counts = Counter(finding["status"] for finding in findings)
    tried = {finding["backend"] for finding in findings}
    return {
        "format": FORMAT,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "quick": extent.quick,
        "conformance": extent.conformance,
        "proved": not counts["failed"] and bool(counts["passed"]),
        "counts": {status: counts[status] for status in STATUSES},
        "left_out": [
            *(f"the backend {name}" for name in BACKENDS if name not in tried),
            *extent.left_out,
        ],
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
