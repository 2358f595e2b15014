"""What `vaekit plugins show` says of a part that is built, with its options at their defaults.

`DESCRIPTIONS` has an entry for each kind of which there is more to say than its options.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

from vaekit.cli.plugins.describe_latent import describe_latent, latent_lines
from vaekit.cli.plugins.describe_loss import describe_loss, loss_lines
from vaekit.cli.plugins.describe_metric import describe_metric, metric_lines
from vaekit.cli.plugins.describe_prior import describe_prior, prior_lines
from vaekit.cli.plugins.describe_sampler import describe_sampler, sampler_lines
from vaekit.cli.plugins.parts import SIZES, shape_text
from vaekit.errors import VaekitError

if TYPE_CHECKING:
    from vaekit.registry import Component


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
            yield f"  at {shape_text(size['image_shape'])}: {size['refused']}"
            continue
        yield (
            f"  {shape_text(size['input_shape'])} -> {shape_text(size['output_shape'])}: "
            f"{size['parameters']:,} parameters, {size['trainable_parameters']:,} trainable"
        )
        for shape, group in groupby(size["layers"], key=lambda layer: shape_text(layer["shape"])):
            layers = list(group)
            count = sum(layer["parameters"] for layer in layers)
            yield f"    {shape:<12}{count:>11,}  {_counted(layer['type'] for layer in layers)}"


DESCRIPTIONS: Mapping[str, Description] = {
    "encoder": Description("sizes", _describe_backbone, _backbone_lines),
    "decoder": Description("sizes", _describe_backbone, _backbone_lines),
    "latent": Description("built", describe_latent, latent_lines),
    "prior": Description("built", describe_prior, prior_lines),
    "loss": Description("built", describe_loss, loss_lines),
    "sampler": Description("built", describe_sampler, sampler_lines),
    "metric": Description("built", describe_metric, metric_lines),
}


def _counted(words: Iterable[str]) -> str:
    counts = Counter(words)
    return ", ".join(word if n == 1 else f"{n} {word}" for word, n in counts.items())
