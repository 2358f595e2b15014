"""How the trainer goes about it: what a recipe chooses where the user doesn't."""

from __future__ import annotations

from typing import Final, NamedTuple


class Recipe(NamedTuple):
    """Defaults of a run, and how its learning rate goes.

    learning_rate: Adam's, or Muon's highest.
    warmup: for Muon: the share of all steps in which the rate rises in a straight line, before it
        falls to 0 in another; None for Adam at a rate that stays.
    """

    summary: str
    epochs: int
    batch_size: int
    learning_rate: float
    warmup: float | None = None


# Of `epochs: auto`: how long a better epoch is waited for, and how many there are at most.
AUTO: Final = "auto"
AUTO_PATIENCE: Final = 10
AUTO_EPOCHS: Final = 200

TUTORIAL: Final = "tutorial"
FAST: Final = "fast"

RECIPES = {
    TUTORIAL: Recipe(
        "the tutorial's own: one rate throughout.",
        epochs=20,
        batch_size=32,
        learning_rate=5e-4,
    ),
    # Found by benchmarks/recipe_search.py: benchmarks/results/recipe_search.json has its trials.
    FAST: Recipe(
        "4 epochs in batches of 64 by Muon; the rate rises to 0.008 and falls to 0.",
        epochs=4,
        batch_size=64,
        learning_rate=8e-3,
        warmup=0.15,
    ),
}
