"""What a diagnosis is made of: rules, what they find, and what cures it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from vaekit.data import Mend

if TYPE_CHECKING:
    from vaekit.diagnosis.evidence import Evidence


class Cure(NamedTuple):
    """A training that is without the illness.

    changes: fields of `vaekit.TrainConfig` to be other than in the run. Options of a part stand
        beside those that the run has, unless the part is another too.
    because: why it helps, as half a sentence.
    mend: what is done to the images first, as `vaekit data mend` has it; None where they stay.
    """

    changes: Mapping[str, Any]
    because: str
    mend: Mend | None = None


class Finding(NamedTuple):
    """An illness that a run has, or a remark on it.

    name: of the rule. title: the illness, with its cause where the rule tells several apart.
    evidence: what shows it, as a sentence with its numbers. numbers: the same by name.
    cure: None where no training cures it, and `advice` says what does.
    remark: whether nothing is wrong with it: it is said beside illnesses, and never alone.
    caused_by: the name of an illness before it, of which it is a consequence; empty if of none.
    """

    name: str
    title: str
    evidence: str
    numbers: Mapping[str, float]
    cure: Cure | None = None
    advice: str = ""
    remark: bool = False
    caused_by: str = ""


class Rule(ABC):
    """One illness: how it shows, from where on, and what cures it.

    name: what it is called in JSON. title: the illness in the field's terms.
    threshold: from where on it is one. source: where that threshold is from.
    remedy: what the cure changes, in words, for the documentation.
    causes: the names of illnesses that follow from this one.
    slow: whether it takes long, so that it is looked for where no illness was before it.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    threshold: ClassVar[str]
    source: ClassVar[str]
    remedy: ClassVar[str]
    causes: ClassVar[tuple[str, ...]] = ()
    slow: ClassVar[bool] = False

    @abstractmethod
    def __call__(self, evidence: Evidence) -> Finding | None:
        """The illness, or None: where it isn't there, or the evidence can't show it."""

    def finding(
        self,
        evidence: str,
        numbers: Mapping[str, float],
        cure: Cure | None = None,
        *,
        cause: str = "",
        advice: str = "",
        remark: bool = False,
    ) -> Finding:
        """A finding of this rule; `cause` is added to its title."""
        title = f"{self.title}: {cause}" if cause else self.title
        return Finding(self.name, title, evidence, numbers, cure, advice, remark)
