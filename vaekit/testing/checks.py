"""Which checks a kind of part has to pass: one table, by kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from vaekit.testing import (
    backbones,
    closed_forms,
    datasets,
    effects,
    latents,
    losses,
    metrics,
    options,
    priors,
    samplers,
    saving,
    trackers,
)
from vaekit.testing.subject import Subject
from vaekit.testing.training import trains_ten_steps

CheckFunction = Callable[[Subject], None]

# What is asked of a part of any kind, and all of one that has no entry below.
GENERAL: tuple[CheckFunction, ...] = (
    options.options_round_trip,
    options.options_are_explained,
    closed_forms.closed_forms_hold,
)

_SAVED: tuple[CheckFunction, ...] = (
    saving.uses_stock_layers_only,
    saving.saves_and_reloads,
    saving.opens_in_a_fresh_process,
)

_BACKBONE: tuple[CheckFunction, ...] = (
    backbones.builds_where_it_claims,
    backbones.refuses_what_it_does_not_claim,
    backbones.gives_the_declared_shape,
    backbones.follows_its_seed,
    backbones.shares_no_state,
    backbones.batch_size_changes_nothing,
    *_SAVED,
    backbones.stays_finite_in_mixed_precision,
    backbones.gradients_reach_every_weight,
    trains_ten_steps,
    *GENERAL,
)

CHECKS: Mapping[str, tuple[CheckFunction, ...]] = {
    "encoder": _BACKBONE,
    "decoder": (*_BACKBONE, backbones.works_on_logits),
    "latent": (
        latents.builds_or_refuses,
        latents.gives_the_declared_shape,
        latents.draws_are_flat,
        latents.draws_of_its_own_prior_have_its_size,
        latents.stays_in_its_support,
        latents.goes_from_point_to_point,
        latents.codes_lead_to_its_point,
        latents.follows_its_seed,
        latents.lead_axis_is_more_draws,
        latents.saved_draw_agrees_with_infer,
        latents.kl_agrees_with_log_ratio,
        latents.densities_integrate_to_one,
        latents.draws_have_their_density,
        latents.log_ratio_has_both_densities,
        latents.evaluation_changes_nothing,
        latents.keeps_its_state_in_variables,
        latents.stays_float32_in_mixed_precision,
        *_SAVED,
        latents.gradients_reach_every_variable,
        trains_ten_steps,
        *GENERAL,
    ),
    "prior": (
        priors.gives_a_law_of_its_size,
        priors.stays_in_its_support,
        priors.follows_its_seed,
        priors.densities_integrate_to_one,
        priors.draws_have_their_density,
        priors.noise_agrees_with_draws,
        priors.goes_by_the_condition,
        priors.evaluation_changes_nothing,
        priors.keeps_its_state_in_variables,
        priors.stays_float32,
        *_SAVED,
        priors.gradients_reach_every_variable,
        trains_ten_steps,
        *GENERAL,
    ),
    "loss": (
        losses.terms_are_per_image,
        losses.terms_are_finite,
        losses.order_of_images_changes_nothing,
        losses.gives_the_same_twice,
        losses.shares_no_state,
        losses.gradients_reach_every_variable,
        effects.schedules_reach_their_ends,
        effects.every_option_has_an_effect,
        losses.exact_reconstruction_is_a_minimum,
        losses.kl_agrees_with_monte_carlo,
        trains_ten_steps,
        *GENERAL,
    ),
    "sampler": (
        samplers.gives_z_in_its_shape,
        samplers.stays_in_its_support,
        samplers.follows_its_seed,
        samplers.fit_follows_its_inputs,
        samplers.state_comes_back,
        samplers.goes_by_the_labels,
        samplers.temperature_changes_its_draws,
        *GENERAL,
    ),
    "metric": (
        metrics.gives_named_numbers,
        metrics.names_its_estimators,
        metrics.follows_its_seed,
        metrics.changes_nothing,
        metrics.uses_what_it_needs_alone,
        metrics.measures_the_fewest_images,
        metrics.reads_stored_images,
        metrics.works_with_a_condition,
        *GENERAL,
    ),
    "tracker": (
        trackers.is_told_a_whole_run,
        trackers.takes_a_run_without_results,
        trackers.takes_columns_that_come_later,
        trackers.goes_on_after_a_failure,
        trackers.changes_nothing_that_it_is_told,
        *GENERAL,
    ),
    "dataset": (
        datasets.pixels_are_images,
        datasets.labels_fit,
        datasets.factors_fit,
        datasets.can_be_gone_through_again,
        datasets.reads_the_same_twice,
        datasets.readings_share_no_memory,
        options.options_are_explained,
    ),
}


def checks_of(kind: str) -> tuple[CheckFunction, ...]:
    """The checks of a kind, in a fixed order."""
    return CHECKS.get(kind, GENERAL)
