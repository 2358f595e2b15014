"""What `vaekit plugins show` says of a part that is built, with its options at their defaults.

`DESCRIPTIONS` has an entry for each kind of which there is more to say than its options.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

from vaekit.errors import VaekitError

if TYPE_CHECKING:
    from vaekit.registry import Component

SIZES = ((28, 28, 1), (64, 64, 3))


class Description(NamedTuple):
    """How parts of a kind are described.

    field: where the description stands in the JSON document of a part.
    describe: what is said of a part, as JSON; where it can't be built, `refused` says why.
    lines: the same for people.
    """

    field: str
    describe: Callable[[Component], Any]
    lines: Callable[[Any], Iterator[str]]


def described(part: Component) -> dict[str, Any]:
    """What is said of a part, by field; nothing of a kind without a description."""
    description = DESCRIPTIONS.get(part.kind)
    return {} if description is None else {description.field: description.describe(part)}


def description_lines(part: Mapping[str, Any]) -> Iterator[str]:
    """The lines of what `described` gave for a part, which is its JSON here."""
    description = DESCRIPTIONS.get(part["kind"])
    if description is not None:
        yield from description.lines(part[description.field])


def _describe_backbone(part: Component) -> list[dict[str, Any]]:
    """Shapes, layers and parameters at two sizes of images."""
    return [_describe_at(part, size) for size in SIZES]


def _describe_at(part: Component, image_shape: tuple[int, int, int]) -> dict[str, Any]:
    from vaekit.config import TrainConfig
    from vaekit.model import Context, Part, build_part
    from vaekit.model.summary import summarise
    from vaekit.options import resolved_options

    context = Context(image_shape, TrainConfig().latent_dim)
    context = context.of_latent((context.latent_dim,), 0)
    try:
        summary = summarise(build_part(Part(part, resolved_options(part, {})), context))
    except VaekitError as error:
        return {"image_shape": image_shape, "refused": str(error)}
    layers = [layer._asdict() for layer in summary.layers]
    return {"image_shape": image_shape, **summary._asdict(), "layers": layers}


def _backbone_lines(sizes: list[dict[str, Any]]) -> Iterator[str]:
    """Layers that follow each other and give one shape share a line."""
    for size in sizes:
        if "refused" in size:
            yield f"  at {_shape(size['image_shape'])}: {size['refused']}"
            continue
        yield (
            f"  {_shape(size['input_shape'])} -> {_shape(size['output_shape'])}: "
            f"{size['parameters']:,} parameters, {size['trainable_parameters']:,} trainable"
        )
        for shape, group in groupby(size["layers"], key=lambda layer: _shape(layer["shape"])):
            layers = list(group)
            count = sum(layer["parameters"] for layer in layers)
            yield f"    {shape:<12}{count:>11,}  {_counted(layer['type'] for layer in layers)}"


def _describe_loss(part: Component) -> dict[str, Any]:
    """The terms that a loss gives, and what it needs."""
    from vaekit.model import Context, Part, build_part
    from vaekit.options import resolved_options
    from vaekit.testing import subject_of
    from vaekit.testing.loss_values import LossUnderCheck, a_batch

    try:
        # A loss is handed neither images nor latents.
        needs = build_part(Part(part, resolved_options(part, {})), Context(SIZES[0], 2)).needs
    except VaekitError as error:
        return {"refused": str(error)}
    try:
        loss = LossUnderCheck(subject_of(part))
        terms, own = list(loss.raw_terms(a_batch())), loss.own
    except Exception as error:
        return {"refused": f"It fails on a batch of images: {type(error).__name__}: {error}"}
    trainable = {id(variable) for variable in own.trainable}
    return {
        "terms": terms,
        "scale": needs.scale,
        "samples": needs.samples,
        "schedules": list(needs.schedules),
        "likelihood": _type_of(needs.likelihood),
        "adversary": _type_of(needs.adversary),
        "variables": [
            {"name": v.path, "shape": list(v.shape), "trainable": id(v) in trainable}
            for v in own.variables
        ],
    }


def _loss_lines(loss: dict[str, Any]) -> Iterator[str]:
    if "refused" in loss:
        yield f"  {loss['refused']}"
        return
    draws = "a draw of z" if loss["samples"] == 1 else f"{loss['samples']} draws of z"
    yield f"  terms: {', '.join(loss['terms'])}"
    yield f"  takes: reconstructions as {loss['scale']}, {draws} an image"
    yield f"  schedules: {', '.join(loss['schedules']) or 'none'}"
    yield f"  likelihood for the reported elbo: {loss['likelihood'] or 'none, so no elbo'}"
    yield f"  adversary: {loss['adversary'] or 'none'}"
    variables = (
        f"{variable['name']}{'' if variable['trainable'] else ' (not trainable)'}"
        for variable in loss["variables"]
    )
    yield f"  variables of its own: {', '.join(variables) or 'none'}"


DESCRIPTIONS: Mapping[str, Description] = {
    "encoder": Description("sizes", _describe_backbone, _backbone_lines),
    "decoder": Description("sizes", _describe_backbone, _backbone_lines),
    "loss": Description("built", _describe_loss, _loss_lines),
}


def _type_of(value: Any) -> str | None:
    return None if value is None else type(value).__name__


def _shape(shape: Iterable[int]) -> str:
    return "x".join(map(str, shape))


def _counted(words: Iterable[str]) -> str:
    counts = Counter(words)
    return ", ".join(word if n == 1 else f"{n} {word}" for word, n in counts.items())
