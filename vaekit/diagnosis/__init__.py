"""What is wrong with a training, what shows it, and what cures it."""

from vaekit.diagnosis.command import changed_fields
from vaekit.diagnosis.diagnosis import Diagnosis, diagnose, rule_named
from vaekit.diagnosis.evidence import Evidence
from vaekit.diagnosis.finding import Cure, Finding, Rule
from vaekit.diagnosis.look import MOST, Look, Subject
from vaekit.diagnosis.rules import RULES

__all__ = [
    "MOST",
    "RULES",
    "Cure",
    "Diagnosis",
    "Evidence",
    "Finding",
    "Look",
    "Rule",
    "Subject",
    "changed_fields",
    "diagnose",
    "rule_named",
]
