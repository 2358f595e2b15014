"""The front door without pytest, what a part may claim, and what they say of failures."""

from __future__ import annotations

import pytest

import vaekit
from tests.testing.gallery.decoders import takes_any_latents, takes_vectors_too
from tests.testing.gallery.losses import forgets_the_half
from vaekit.testing import CheckFailedError, Claims, check_component, subject_of
from vaekit.testing.builds import claimed_builds, refused_builds

MONTE_CARLO = "kl_agrees_with_monte_carlo"
REST = ("trains_ten_steps",)  # a check that takes seconds and says nothing here


def statuses(results):
    return {result.check: result.status for result in results}


def test_failures_are_raised_all_at_once():
    with pytest.raises(CheckFailedError, match=f"forgets_the_half fails 1 of .*\n  {MONTE_CARLO}:"):
        check_component(forgets_the_half, "loss", skip=REST)


def test_known_failure_is_no_failure():
    results = check_component(
        forgets_the_half, "loss", known_failures={MONTE_CARLO: "counts twice"}, skip=REST
    )
    assert statuses(results)[MONTE_CARLO] == "known"
    assert [r.reason for r in results if r.status == "known"] == ["counts twice"]


def test_known_failure_that_passes_is_a_failure():
    known = {"terms_are_finite": "once overflowed"}
    with pytest.raises(CheckFailedError, match="once overflowed"):
        check_component("tutorial", known_failures=known, skip=REST)


def test_known_failure_of_no_check_is_refused():
    with pytest.raises(ValueError, match="no check 'nonsense'"):
        check_component("tutorial", known_failures={"nonsense": "?"})


def test_bare_factory_needs_a_kind():
    with pytest.raises(ValueError, match="which kind"):
        check_component(forgets_the_half)
    with pytest.raises(ValueError, match="no kind 'los'"):
        check_component(forgets_the_half, "los")


def test_unknown_name_is_told():
    with pytest.raises(vaekit.UserError, match="conv5"):
        check_component("conv55", "encoder")


def test_what_does_not_apply_is_skipped_with_a_reason():
    results = check_component("elbo", "loss", skip=REST)
    skipped = {r.check: r.reason for r in results if r.status == "skipped"}
    assert skipped == {
        "gradients_reach_every_variable": "it has no variable of its own to train",
        "schedules_reach_their_ends": "it has no schedules",
        "closed_forms_hold": "its factory states no `closed_forms`",
    }


def test_claims_decide_what_is_built_and_what_refused():
    assert subject_of(takes_any_latents, "decoder").claims == Claims(latent_dims=(2, 8))
    everything = Claims()
    assert everything.least == (8, 8, 1)
    assert (9, 8, 1) in everything.shapes
    assert not everything.refused
    narrow = Claims(smallest=(13, 13), multiple=4, channels=(3,), latent_dims=(2,))
    assert narrow.shapes == [(16, 16, 3), (20, 16, 3), (32, 32, 3)]
    images = [shape for count, shape in narrow.refused if count == 2]
    assert set(images) == {
        *((12, 16, 3), (16, 12, 3), (17, 16, 3), (16, 17, 3)),
        *((16, 16, 1), (16, 16, 2), (16, 16, 4)),
        *((8, 8, 1), (9, 8, 1), (28, 28, 1), (12, 16, 4)),
    }
    assert [count for count, shape in narrow.refused if count != 2] == [1, 7]


def test_a_decoder_that_is_handed_a_shape_is_built_for_those_that_it_claims():
    subject = subject_of(takes_vectors_too, "decoder")
    shapes = {build.takes for build in claimed_builds(subject)}
    assert {(2, 2, 1), (2, 2, 7), (7, 7, 2), (3, 2, 2)} <= shapes
    assert {len(shape) for shape in shapes} == {3}
    assert [build.takes for build in refused_builds(subject)] == [(2,)]
