"""`vaekit doctor`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from vaekit.doctor import Finding


@click.command(short_help="Look whether everything works, or a run is whole.")
@click.argument("run", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def doctor(run: str | None, as_json: bool) -> None:
    """Say what is installed, which devices there are, and whether each backend and plugin works.

    Each backend trains two steps, which takes some ten seconds.

    With a RUN, say instead whether each of its files is what was written, and how to go on where
    one isn't.

    Ends with code 1 if something is broken.
    """
    findings = []
    for finding in _findings(run):
        findings.append(finding)
        if not as_json:
            remedy = f"  ({finding.remedy})" if finding.remedy else ""
            line = f"{finding.status:<7} {finding.area:<8} {finding.subject}: {finding.detail}"
            click.echo(f"{line}{remedy}")
    broken = sum(finding.status == "broken" for finding in findings)
    if as_json:
        import json

        click.echo(json.dumps([finding._asdict() for finding in findings], indent=2))
    else:
        click.echo(f"{broken} broken." if broken else "All well.")
    if broken:
        raise SystemExit(1)


def _findings(run: str | None) -> Iterator[Finding]:
    if run is None:
        from vaekit.doctor import examine

        return examine()
    from vaekit.startup import select_backend

    select_backend(None)
    from vaekit.doctor.run_files import examine_run

    return examine_run(run)
