"""What can be said of a part only once it's built, with its options at their defaults."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vaekit.errors import VaekitError

if TYPE_CHECKING:
    from vaekit.registry import Component

SIZES = ((28, 28, 1), (64, 64, 3))


def built(part: Component) -> dict[str, Any]:
    """A backbone's summary at two sizes, what a loss gives and needs; nothing of a data set.

    Where it can't be built, `refused` says why.
    """
    if part.kind in ("encoder", "decoder"):
        return {"sizes": [_backbone(part, size) for size in SIZES]}
    if part.kind == "loss":
        return {"built": _loss(part)}
    return {}


def _backbone(part: Component, image_shape: tuple[int, int, int]) -> dict[str, Any]:
    from vaekit.config import TrainConfig
    from vaekit.model import Context, Part, build_part
    from vaekit.model.summary import summarise
    from vaekit.options import resolved_options

    context = Context(image_shape, TrainConfig().latent_dim)
    try:
        summary = summarise(build_part(Part(part, resolved_options(part, {})), context))
    except VaekitError as error:
        return {"image_shape": image_shape, "refused": str(error)}
    layers = [layer._asdict() for layer in summary.layers]
    return {"image_shape": image_shape, **summary._asdict(), "layers": layers}


def _loss(part: Component) -> dict[str, Any]:
    from vaekit.model import Context, Part, build_part
    from vaekit.options import resolved_options
    from vaekit.testing import subject_of
    from vaekit.testing.loss_values import Made, a_batch

    try:
        # A loss is handed neither images nor latents.
        needs = build_part(Part(part, resolved_options(part, {})), Context(SIZES[0], 2)).needs
    except VaekitError as error:
        return {"refused": str(error)}
    try:
        terms = list(Made(subject_of(part)).raw_terms(a_batch()))
    except Exception as error:
        return {"refused": f"It fails on a batch of images: {type(error).__name__}: {error}"}
    return {
        "terms": terms,
        "scale": needs.scale,
        "samples": needs.samples,
        "schedules": list(needs.schedules),
        "likelihood": _type_of(needs.likelihood),
        "adversary": _type_of(needs.adversary),
    }


def _type_of(value: Any) -> str | None:
    return None if value is None else type(value).__name__
