"""How much is tried, and what is left out by that, in words."""

from __future__ import annotations

from typing import NamedTuple

_NEVER = ("data sets, and parts that no distribution offers: those of notebooks and single files",)
_UNPUBLISHED = ("figures of papers, hours each (--published ROW)",)
_BY_QUICK = (
    "log p(x) integrated for each latent and prior, gradients beside each, and annealed importance "
    "sampling, by --quick",
)
_WITHOUT_CONFORMANCE = (
    "checks of the kit's contracts with each part: saving, refusals, options, shapes "
    "(--conformance; `vaekit plugins check PART` runs them of one)",
)


class Extent(NamedTuple):
    """What is asked of `vaekit prove`.

    quick: without what takes minutes: log p(x) integrated for each latent, gradients beside each,
        annealed importance sampling.
    conformance: with every conformance check of every part, not those of its mathematics alone.
    without: distributions whose parts are left out, as `--no-plugin` names them.
    published: rows of published figures to repeat. images: where their images lie; None is each
        row's own data set. runs: the folder for what they train.
    """

    quick: bool = False
    conformance: bool = False
    without: tuple[str, ...] = ()
    published: tuple[str, ...] = ()
    images: str | None = None
    runs: str = ""

    @property
    def left_out(self) -> tuple[str, ...]:
        """What isn't tried, one thing each."""
        names = ", ".join(self.without)
        return (
            *(_BY_QUICK if self.quick else ()),
            *(() if self.conformance else _WITHOUT_CONFORMANCE),
            *(() if self.published else _UNPUBLISHED),
            *((f"parts of {names}, by --no-plugin or VAEKIT_DISABLE_PLUGINS",) if names else ()),
            *_NEVER,
        )
