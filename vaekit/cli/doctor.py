"""`vaekit doctor`."""

from __future__ import annotations

import click


@click.command(short_help="Look whether everything works.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def doctor(as_json: bool) -> None:
    """Say what is installed, which devices there are, and whether each backend and plugin works.

    Each backend trains two steps, which takes some ten seconds. Ends with code 1 if something is
    broken.
    """
    from vaekit.doctor import examine

    findings = []
    for finding in examine():
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
