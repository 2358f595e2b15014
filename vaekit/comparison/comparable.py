"""Whether a value of two runs may be ranked: each reason against it is a sentence that names both.

An ELBO bounds log p(x) of one law of images, over one set of them: of other images, under another
law, or told the class, it is another quantity, and so is a loss of another form.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from vaekit.comparison.compared_run import ComparedRun
from vaekit.comparison.grouping import Group

# Why two runs can't be ranked by a value, as half a sentence; None where they can.
Check = Callable[[ComparedRun, ComparedRun], str | None]


def image_shape(a: ComparedRun, b: ComparedRun) -> str | None:
    """Images of one size and number of channels."""
    sizes = ["x".join(map(str, run.record.image_shape)) for run in (a, b)]
    return _unequal(a, b, sizes, "{a} is of {0} images and {b} of {1}")


def data(a: ComparedRun, b: ComparedRun) -> str | None:
    """The same images and labels, by their fingerprint."""
    if a.record.data.fingerprint == b.record.data.fingerprint:
        return None
    sources = [run.record.data.used or "an array" for run in (a, b)]
    if sources[0] == sources[1]:
        return f"{a.name} and {b.name} are of other data, though both call it {sources[0]}"
    return f"{a.name} is of other data than {b.name}, {sources[0]} and {sources[1]}"


def binarization(a: ComparedRun, b: ComparedRun) -> str | None:
    """Grey or black and white, by the same rule: drawn once, however training images are."""
    rules = [_binarization(run.record.config.binarize) for run in (a, b)]
    return _unequal(a, b, rules, "{a} is judged on images that are {0} and {b} on {1} ones")


def held_out(a: ComparedRun, b: ComparedRun) -> str | None:
    """As many held-out images, of the same place."""
    counts = [
        f"{r.record.data.validation_images:,} of the {r.record.data.validation}" for r in (a, b)
    ]
    return _unequal(a, b, counts, "{a} is judged on {0} and {b} on {1}")


def bound(a: ComparedRun, b: ComparedRun) -> str | None:
    """A loss, a latent and a prior that bound log p(x)."""
    for run, other in ((a, b), (b, a)):
        if "elbo" not in run.values:
            return f"{run.name} has no elbo, since {_unbounded(run)}{_also(other)}"
    return None


def likelihood(a: ComparedRun, b: ComparedRun) -> str | None:
    """One law of images p(x|z)."""
    for run, other in ((a, b), (b, a)):
        if run.unknown:
            return f"the likelihood of {run.name}, beside {other.name}, isn't known: {run.unknown}"
    laws = [run.law or "none" for run in (a, b)]
    return _unequal(a, b, laws, "their likelihoods differ: {a} is of {0}, {b} of {1}")


def condition(a: ComparedRun, b: ComparedRun) -> str | None:
    """Told the class of an image, or not."""
    evidence = [f"log p(x{'|label' if r.record.config.condition else ''})" for r in (a, b)]
    return _unequal(a, b, evidence, "{a} is judged by {0} and {b} by {1}")


def same_loss(a: ComparedRun, b: ComparedRun) -> str | None:
    """One loss with the same options: else the numbers are of two formulas."""
    one, other = (run.record.parts["loss"] for run in (a, b))
    if one.name != other.name:
        return f"their losses differ: {a.name} minimises {one.name!r} and {b.name} {other.name!r}"
    pairs = {n: (one.options.get(n), other.options.get(n)) for n in one.options | other.options}
    unlike = [f"{n} is {x} and {y}" for n, (x, y) in pairs.items() if x != y]
    if not unlike:
        return None
    options = ", ".join(unlike)
    return f"the loss {one.name!r} of {a.name} has other options than that of {b.name}: {options}"


def machine(a: ComparedRun, b: ComparedRun) -> str | None:
    """One machine, on the same devices."""
    machines = [
        f"{m.processor} ({', '.join(m.devices)})" for m in (a.record.machine, b.record.machine)
    ]
    return _unequal(a, b, machines, "{a} was trained on {0} and {b} on {1}")


def metric_options(metric: str) -> Check:
    """A metric of the same options."""

    def check(a: ComparedRun, b: ComparedRun) -> str | None:
        texts = []
        for run in (a, b):
            measured = run.record.metrics
            part = measured.parts.get(metric) if measured else None
            texts.append(str(part.options) if part else "")
        if not all(texts):  # one that wasn't measured isn't ranked, and keeps no other from it
            return None
        return _unequal(
            a, b, texts, f"{{a}} was measured by {metric} with {{0}} and {{b}} with {{1}}"
        )

    return check


IMAGES: tuple[Check, ...] = (image_shape, data, binarization, held_out)
LIKELIHOOD: tuple[Check, ...] = (*IMAGES, likelihood, condition)
BOUND: tuple[Check, ...] = (*IMAGES, bound, likelihood, condition)
LOSS: tuple[Check, ...] = (*IMAGES, same_loss, likelihood, condition)
MACHINE: tuple[Check, ...] = (machine,)


def why_not(checks: Sequence[Check], groups: Sequence[Group]) -> str | None:
    """Why the groups can't be ranked by a value that asks for these checks; None where they can."""
    first, *others = [run for group in groups for run in group.runs]
    for check in checks:
        for other in others:
            reason = check(first, other)
            if reason is not None:
                return reason
    return _other_draws(groups) if image_shape in checks else None


def _other_draws(groups: Sequence[Group]) -> str | None:
    """Where the seed decides the held-out images: whether each group has the same seeds."""
    first, *others = groups
    if not first.runs[0].held_out_by_seed:
        return None
    seeds = {group.name: sorted({run.record.config.seed for run in group.runs}) for group in groups}
    for group in others:
        if seeds[group.name] != seeds[first.name]:
            a, b = first.runs[0], group.runs[0]
            return (
                f"{a.name} and {b.name} are judged on other held-out images: the seed draws them, "
                f"and there are {seeds[first.name]} of {first.name} and {seeds[group.name]} of "
                f"{group.name}"
            )
    return None


def _unequal(a: ComparedRun, b: ComparedRun, texts: Sequence[str], sentence: str) -> str | None:
    return None if texts[0] == texts[1] else sentence.format(*texts, a=a.name, b=b.name)


def _binarization(how: str | None) -> str:
    if how is None:
        return "grey"
    return "black and white by a threshold" if how == "threshold" else "drawn black and white"


def _unbounded(run: ComparedRun) -> str:
    """Why a run bounds no log p(x)."""
    if run.unknown:
        return "its history tells none"
    if run.law is None:
        return f"its loss {run.options['loss']!r} is no bound on log p(x): it states no likelihood"
    return f"z has no density under its latent {run.options['latent']!r} to bound log p(x) by"


def _also(other: ComparedRun) -> str:
    return f"; {other.name} has {'one' if 'elbo' in other.values else 'none either'}"
