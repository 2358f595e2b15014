"""The checks of an encoder backbone."""

from __future__ import annotations

from vaekit.testing import backbones, options, saving
from vaekit.testing.training import trains_ten_steps

CHECKS = (
    backbones.builds_where_it_claims,
    backbones.refuses_what_it_does_not_claim,
    backbones.gives_the_declared_shape,
    backbones.follows_its_seed,
    backbones.shares_no_state,
    backbones.batch_size_changes_nothing,
    saving.uses_stock_layers_only,
    saving.saves_and_reloads,
    saving.opens_in_a_fresh_process,
    backbones.stays_finite_in_mixed_precision,
    backbones.gradients_reach_every_weight,
    trains_ten_steps,
    options.options_round_trip,
    options.options_are_explained,
)
