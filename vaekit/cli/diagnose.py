"""`vaekit diagnose`: what is wrong with a run, and the training that cures it."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vaekit.cli.values import data_option, run_argument

if TYPE_CHECKING:
    from vaekit.diagnosis import Diagnosis, Finding
    from vaekit.run import Run

_COLUMNS = 88


@click.command(short_help="Say what is wrong with a run, and what cures it.")
@run_argument
@data_option("The images of a run that was trained on an array.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--cure", is_flag=True, help="Train the cure of the first illness beside the run.")
def diagnose(run: str, data: str | None, as_json: bool, cure: bool) -> None:
    """Name each illness of a run, with the numbers that show it and the command that cures it.

    Causes come before what follows from them. The evidence is drawn in figures/diagnosis.png. What
    isn't wrong, but may be worth a thought, is a remark.
    """
    from vaekit import api

    diagnosis = api.diagnose(run, data=data)
    picture = _draw(diagnosis)
    if as_json:
        import json

        values = {**diagnosis.as_json(), "picture": str(picture)}
        if cure:
            cured = api.cure(diagnosis, data=data, progress=False)
            values["cured"] = _again(diagnosis, cured, data).as_json()
        click.echo(json.dumps(values, indent=2))
        return
    _tell(diagnosis)
    click.echo(f"\nThe evidence: {picture}")
    if cure:
        _cure(diagnosis, data)


def _draw(diagnosis: Diagnosis) -> Path:
    """Draw the evidence into `figures/diagnosis.png` of the run; give its path."""
    from vaekit.figures import draw_diagnosis, save_figure
    from vaekit.run import RunDirectory

    directory = RunDirectory(diagnosis.run)
    path = directory.figures / "diagnosis.png"
    directory.figures.mkdir(exist_ok=True)
    with directory.changing(path):
        save_figure(draw_diagnosis(diagnosis), path)
    return path


def _cure(diagnosis: Diagnosis, data: str | None) -> None:
    """Train the cure, and say what was and what is."""
    from vaekit import api

    finding = diagnosis.first
    if finding is not None and finding.cure is not None:
        click.echo(f"\nCuring: {finding.title}\n  {diagnosis.command(finding)}\n")
    after = _again(diagnosis, api.cure(diagnosis, data=data), data)
    click.echo(f"\n{'':<18}{'before':>14}{'after':>14}")
    was, now = diagnosis.evidence.kept, after.evidence.kept
    for name in was:
        if name.startswith("val_") and name in now and "kl_dim" not in name:
            click.echo(f"{name.removeprefix('val_'):<18}{was[name]:>14.5g}{now[name]:>14.5g}")
    for label, one in (("before", diagnosis), ("after", after)):
        names = ", ".join(each.name for each in one.findings) or "no illness"
        click.echo(f"{label:<8}{names}  ({one.run})")


def _again(diagnosis: Diagnosis, cured: Run, data: str | None) -> Diagnosis:
    """The diagnosis of the cured run, by the same images."""
    return cured.diagnose(data if diagnosis.source is None else None)


def _tell(diagnosis: Diagnosis) -> None:
    if diagnosis.healthy:
        click.echo(f"{diagnosis.run}: no illness.")
    for number, finding in enumerate(diagnosis.findings, start=1):
        _tell_finding(diagnosis, number, finding)


def _tell_finding(diagnosis: Diagnosis, number: int, finding: Finding) -> None:
    from vaekit.diagnosis import rule_named

    rule = rule_named(finding.name)
    remark = "Remark: " if finding.remark else ""
    follows = f", follows from {finding.caused_by}" if finding.caused_by else ""
    click.echo(f"\n{number}. {remark}{finding.title} ({finding.name}){follows}")
    _paragraph("shown by", finding.evidence)
    _paragraph("threshold", f"{rule.threshold}. {rule.source[0].upper()}{rule.source[1:]}.")
    if finding.cure is not None:
        because = f" ({finding.cure.because})" if finding.cure.because else ""
        click.echo(f"   cure{because}:\n     {diagnosis.command(finding)}")
    if finding.advice:
        _paragraph("cure", finding.advice)


def _paragraph(heading: str, text: str) -> None:
    click.echo(
        textwrap.fill(
            f"{heading}: {text}",
            _COLUMNS,
            initial_indent="   ",
            subsequent_indent="     ",
            break_on_hyphens=False,
        )
    )
