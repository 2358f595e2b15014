"""The conformance suite: what a part has to do to work with every other part.

Without pytest::

    vaekit.testing.check_component("conv5", kind="encoder")
    vaekit.testing.check_component(my_factory, kind="loss", known_failures={NAME: "why"})

With pytest::

    @pytest.mark.vaekit_checks("conv5", kind="encoder")
    def test_conforms(check):
        check()

Both take a registered name, a factory, a `Component` or a `Subject`; the mark takes several, and
without any it means all that are registered.

A backbone that takes less than any image of 8x8 and more says so on its factory; see
`vaekit.testing.Claims`. A part whose numbers are known states them on its factory, by an attribute
`closed_forms`: a function that gives of each equation, by its name, what NumPy makes of it and what
the part does. `vaekit prove` runs these checks, too.
"""

from vaekit.testing.run import Check, check_component, checks_for, run_checks
from vaekit.testing.subject import Claims, Subject, registered, subject_of
from vaekit.testing.verdict import CheckFailedError, CheckSkipped, Result

__all__ = [
    "Check",
    "CheckFailedError",
    "CheckSkipped",
    "Claims",
    "Result",
    "Subject",
    "check_component",
    "checks_for",
    "registered",
    "run_checks",
    "subject_of",
]
