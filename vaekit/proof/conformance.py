"""The conformance suite as claims: what is asked of every registered part."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from vaekit.errors import BuildError
from vaekit.proof.claim import Claim, Comparison, holds
from vaekit.proof.parts import installed
from vaekit.registry import KINDS
from vaekit.testing import Check, CheckSkipped, Subject, checks_for

# What needs a network or minutes, and says nothing of the kit's mathematics.
_LEFT_OUT = ("dataset",)
# The checks that hold a part to mathematics; the others hold it to the kit's contracts.
MATHEMATICS = frozenset(
    {
        "batch_size_changes_nothing",
        "closed_forms_hold",
        "codes_lead_to_its_point",
        "densities_integrate_to_one",
        "draws_have_their_density",
        "evaluation_changes_nothing",
        "exact_reconstruction_is_a_minimum",
        "goes_by_the_condition",
        "kl_agrees_with_log_ratio",
        "kl_agrees_with_monte_carlo",
        "lead_axis_is_more_draws",
        "log_ratio_has_both_densities",
        "noise_agrees_with_draws",
        "order_of_images_changes_nothing",
        "saved_draw_agrees_with_infer",
        "schedules_reach_their_ends",
        "stays_in_its_support",
        "temperature_changes_its_draws",
    }
)


def claims_of_parts(*, contracts: bool) -> Iterator[Claim]:
    """Of every registered part: its conformance checks, and what its factory's `closed_forms` give.

    contracts: whether to run all checks, or those of `MATHEMATICS` alone.
    """
    for kind in KINDS:
        for part in installed(kind) if kind not in _LEFT_OUT else ():
            subject = Subject(part)
            yield from _conformance(subject, contracts=contracts)


def _conformance(subject: Subject, *, contracts: bool) -> Iterator[Claim]:
    for name, check in checks_for(subject):
        if contracts or name in MATHEMATICS:
            sentence = (check.function.__doc__ or "").strip().partition("\n")[0]
            yield Claim(subject.title, name, sentence, partial(_held, check))


def _held(check: Check) -> Comparison:
    declared = check.subject.known_failures.get(check.name)
    if declared is not None:
        raise CheckSkipped(f"it is known to fail: {declared}")
    try:
        check()
    except BuildError as error:  # as where a network's weights aren't here
        raise CheckSkipped(f"it can't be built here: {error}") from error
    return holds(True, "as it says", "as it says")
