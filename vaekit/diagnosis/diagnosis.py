"""What is wrong with a run: every rule put to what is known of it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from vaekit.diagnosis.command import changed_fields
from vaekit.diagnosis.evidence import Evidence
from vaekit.diagnosis.finding import Finding, Rule
from vaekit.diagnosis.rules import RULES
from vaekit.train_command import train_command
from vaekit.wording import worded

# Stands in a command for images that came as an array.
ARRAYS = "IMAGES.npz"


class Diagnosis(NamedTuple):
    """What was found in one run.

    run: its directory. evidence: what was looked at.
    findings: illnesses, causes before what follows from them, and then remarks.
    source: where its images can be read; None for an array.
    plugins: the files of parts that are of no distribution.
    """

    run: Path
    evidence: Evidence
    findings: Sequence[Finding]
    source: str | None = None
    plugins: tuple[str, ...] = ()

    @property
    def illnesses(self) -> list[Finding]:
        """The findings that aren't remarks."""
        return [finding for finding in self.findings if not finding.remark]

    @property
    def healthy(self) -> bool:
        """Whether there is no illness."""
        return not self.illnesses

    @property
    def first(self) -> Finding | None:
        """What is to be cured first; None where nothing was found."""
        return self.findings[0] if self.findings else None

    def fields(self, finding: Finding) -> dict[str, Any]:
        """The fields of `vaekit.TrainConfig` for a run that is cured of a finding.

        Its images are another file's where the cure changes them: see `preparation`.
        """
        assert finding.cure is not None
        fields = changed_fields(self.evidence, finding.cure.changes)
        source = self.source or ARRAYS
        if finding.cure.mend is not None:
            source = str(self.cured_images)
            fields.pop("data_opt", None)
        return {**fields, "data": source, "out": str(self.cured_run)}

    def command(self, finding: Finding) -> str:
        """What trains that run, ready to be pasted into a shell; empty where nothing does."""
        if finding.cure is None:
            return ""
        training = train_command(self.fields(finding), self.plugins)
        preparation = self.preparation(finding)
        return f"{preparation} && {training}" if preparation else training

    def preparation(self, finding: Finding) -> str:
        """What writes the images of a cure that changes them; empty for others."""
        if finding.cure is None or finding.cure.mend is None:
            return ""
        source, out = self.source or ARRAYS, str(self.cured_images)
        return shlex.join(["vaekit", "data", "mend", source, finding.cure.mend, "--out", out])

    @property
    def cured_run(self) -> Path:
        """The directory beside the run's, with no run in it yet."""
        taken, number = self.run.with_name(f"{self.run.name}-cured"), 2
        while taken.exists():
            taken, number = self.run.with_name(f"{self.run.name}-cured-{number}"), number + 1
        return taken

    @property
    def cured_images(self) -> Path:
        """The file for images that a cure changes."""
        return self.cured_run.with_suffix(".npz")

    def summary(self) -> list[str]:
        """Lines for the end of a training: each illness, and where there is more; none if none."""
        lines = [f"{finding.title}. {finding.evidence}" for finding in self.illnesses]
        if lines:
            more = worded(shlex.join(["vaekit", "diagnose", str(self.run)]), "run.diagnose()")
            lines.append(f"What cures it: {more}")
        return lines

    def as_json(self) -> dict[str, Any]:
        """Plain values: each finding with its numbers, its rule's threshold, and the command."""
        return {
            "run": str(self.run),
            "healthy": self.healthy,
            "findings": [self._plain(finding) for finding in self.findings],
        }

    def _plain(self, finding: Finding) -> Mapping[str, Any]:
        rule = rule_named(finding.name)
        return {
            "name": finding.name,
            "title": finding.title,
            "severity": "remark" if finding.remark else "illness",
            "caused_by": finding.caused_by or None,
            "evidence": finding.evidence,
            "numbers": {name: float(value) for name, value in finding.numbers.items()},
            "threshold": rule.threshold,
            "source": rule.source,
            "cure": self.command(finding) or None,
            "advice": finding.advice or None,
        }


def diagnose(evidence: Evidence, rules: Sequence[Rule] = RULES) -> list[Finding]:
    """The illnesses that a run has, causes before what follows from them, and then remarks.

    rules: in the order of causes.
    """
    findings: list[Finding] = []
    causes: dict[str, str] = {}
    for rule in rules:
        if rule.slow and not all(finding.remark for finding in findings):
            continue
        finding = rule(evidence)
        if finding is None or (finding.remark and rule.name in causes):
            continue
        if not finding.remark:
            for name in rule.causes:
                causes.setdefault(name, rule.name)
        if rule.name in causes:  # what the rule itself takes for the cause is none then
            finding = finding._replace(caused_by=causes[rule.name], title=rule.title)
        findings.append(finding)
    return sorted(findings, key=lambda finding: finding.remark)


def rule_named(name: str) -> Rule:
    """The rule of this name."""
    return next(rule for rule in RULES if rule.name == name)
