"""The checks of an encoder backbone."""

from __future__ import annotations

from vaekit.testing import backbones, options
from vaekit.testing.training import trains_ten_steps

CHECKS = (
    backbones.builds_where_it_claims,
    backbones.refuses_what_it_does_not_claim,
    backbones.gives_the_declared_shape,
    backbones.seed_decides_its_weights,
    backbones.shares_no_state,
    backbones.batch_size_changes_nothing,
    backbones.uses_stock_layers_only,
    backbones.saves_and_reloads,
    backbones.opens_in_a_fresh_process,
    backbones.stays_finite_in_mixed_precision,
    backbones.gradients_reach_every_weight,
    trains_ten_steps,
    options.options_round_trip,
    options.options_are_explained,
)
