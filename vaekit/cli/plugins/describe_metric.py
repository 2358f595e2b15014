"""What `vaekit plugins show` says of a metric: what it needs, and whom it serves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from vaekit.errors import VaekitError

if TYPE_CHECKING:
    from vaekit.registry import Component


def describe_metric(part: Component) -> dict[str, Any]:
    """The declarations of a metric, with its options at their defaults."""
    from vaekit.model import Context, Part, build_part
    from vaekit.options import resolved_options
    from vaekit.testing.subject import LATENTS, SHAPES

    try:
        metric = build_part(
            Part(part, resolved_options(part, {})), Context(SHAPES[0], LATENTS[0])
        )
    except VaekitError as error:
        return {"refused": str(error)}
    return {
        "needs": list(metric.needs),
        "supports": None if metric.supports is None else list(metric.supports),
        "vector": metric.vector,
        "fewest": metric.fewest,
    }


def metric_lines(metric: dict[str, Any]) -> Iterator[str]:
    """The same for people."""
    if "refused" in metric:
        yield f"  {metric['refused']}"
        return
    yield f"  needs: {', '.join(metric['needs']) or 'nothing'}"
    supports = metric["supports"]
    shape = ", as a vector" if metric["vector"] else ""
    yield f"  for z of support: {'any' if supports is None else ', '.join(supports)}{shape}"
    yield f"  images, at least: {metric['fewest']:,}"
