"""Order, steps and evaluation: the same numbers however they are cut into calls."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from tests.parts import make_program, make_vae, some_images, values
from tests.small_nets import SMALL_NETS
from vaekit.engine import (
    MAX_STEPS,
    Columns,
    Evaluation,
    Program,
    batches,
    compile_evaluate,
    compile_train,
    epoch_order,
    score,
)
from vaekit.errors import BuildError
from vaekit.loss import needs_of

pytestmark = pytest.mark.backend
TUTORIAL = {"encoder": "conv5", "decoder": "deconv4"}
ON = ["own device", "gpu:0"] if keras.backend.backend() == "jax" else ["own device"]


@pytest.fixture(autouse=True, params=ON)
def device(request, monkeypatch):
    """On JAX, steps run in a loop where the device is none of a processor's."""
    if request.param != "own device":
        monkeypatch.setattr("keras.distribution.list_devices", lambda: [request.param])


def test_order_is_a_function_of_seed_and_epoch():
    first = epoch_order(1, 2, 50)
    assert np.array_equal(np.sort(first), np.arange(50))
    assert np.array_equal(first, epoch_order(1, 2, 50))
    assert not np.array_equal(first, epoch_order(1, 3, 50))
    assert not np.array_equal(first, epoch_order(2, 2, 50))


@pytest.mark.parametrize(
    ("count", "shapes"), [(12, [(3, 4)]), (14, [(3, 4), (1, 2)]), (3, [(1, 3)])]
)
def test_batches_keep_order_and_lose_nothing(count, shapes):
    blocks = batches(np.arange(count), 4)
    assert [b.shape for b in blocks] == shapes
    assert np.array_equal(np.concatenate([b.ravel() for b in blocks]), np.arange(count))


def trained(cuts, **config):
    program = make_program(**config)
    train = compile_train(program, some_images())
    block = np.concatenate([epoch_order(0, epoch, 24).reshape(-1, 4) for epoch in range(2)])
    rows = np.concatenate([train(part) for part in np.split(block, cuts)])
    return rows, values(program)


def test_steps_are_the_same_however_they_are_cut_into_calls():
    rows, state = trained([])
    cut_rows, cut_state = trained([1, 4, 9])
    np.testing.assert_array_equal(rows, cut_rows)
    for a, b in zip(state, cut_state, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.slow
def test_steps_of_convolutions_are_the_same_in_calls_of_any_length():
    narrow = {"encoder_opt": {"width": 4}, "decoder_opt": {"width": 4}}
    rows, state = trained([], **TUTORIAL, **narrow)
    for cuts in ([1, 4, 9], list(range(1, 12))):
        cut_rows, cut_state = trained(cuts, **TUTORIAL, **narrow)
        np.testing.assert_array_equal(rows, cut_rows)
        for a, b in zip(state, cut_state, strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.skipif(keras.backend.backend() != "jax", reason="of JAX's loop")
def test_a_block_is_done_in_powers_of_two():
    from vaekit.engine.jax_engine import _powers_of_two

    for count in (1, 2, 3, 83, MAX_STEPS - 1, MAX_STEPS):
        parts = [np.arange(count)[part] for part in _powers_of_two(count)]
        assert np.array_equal(np.concatenate(parts), np.arange(count))
        lengths = [len(part) for part in parts]
        assert sum(lengths) == count
        assert len(set(lengths)) == len(lengths)
        assert all(length & (length - 1) == 0 for length in lengths)


def test_training_is_deterministic_under_a_seed_and_different_under_another():
    rows, _ = trained([])
    again, _ = trained([])
    other, _ = trained([], seed=1)
    np.testing.assert_array_equal(rows, again)
    assert not np.array_equal(rows, other)


def test_loss_falls_and_optimizer_counts_steps():
    program = make_program(rate=3e-3, **TUTORIAL)
    train = compile_train(program, some_images())
    rows = np.concatenate([train(epoch_order(0, e, 24).reshape(-1, 8)) for e in range(20)])
    assert rows[-6:, 0].mean() < 0.7 * rows[:6, 0].mean()
    assert int(program.optimizer.iterations.value) == 60


def test_row_adds_up():
    program = make_program(loss="beta", loss_opt={"beta": 3})
    train = compile_train(program, some_images())
    row = train(np.arange(6, dtype="int32")[None])[0]
    summary = program.columns.summary(row, 6)
    assert summary["kl"] == pytest.approx(sum(summary["kl_dim"]), rel=1e-5)
    assert summary["weighted_kl"] == pytest.approx(3 * summary["kl"], rel=1e-5)
    assert summary["loss"] == pytest.approx(
        summary["reconstruction"] + summary["weighted_kl"], rel=1e-5
    )
    assert summary["elbo"] == pytest.approx(-summary["reconstruction"] - summary["kl"], rel=1e-5)
    assert summary["kl_weight"] == pytest.approx(3)


def test_schedule_goes_by_step():
    program = make_program(loss="beta", loss_opt={"beta": 2, "schedule": "linear", "steps": 4})
    train = compile_train(program, some_images())
    rows = train(np.arange(24, dtype="int32").reshape(6, 4))
    weights = [float(program.columns.means(row, 4)["kl_weight"][0]) for row in rows]
    np.testing.assert_allclose(weights, [0, 0.5, 1, 1.5, 2, 2], atol=1e-6)


def test_uint8_and_float_pixels_train_alike():
    images = some_images()
    rows = []
    for pixels in (images, images.astype("float32") / np.float32(255)):
        rows.append(compile_train(make_program(), pixels)(np.arange(8, dtype="int32")[None]))
    np.testing.assert_allclose(*rows, rtol=1e-4)


def test_scores_of_each_image_average_to_the_evaluation():
    program, images = make_program(loss="beta", encoder_opt={"width": 4}), some_images(300)
    scores, averages = score(program, images), Evaluation(program, images)()
    assert {"loss", "kl", "elbo", "mse", "psnr"} <= set(scores) <= set(averages)
    for name, of_each in scores.items():
        assert of_each.shape == (300,)
        if name != "psnr":
            assert of_each.mean(dtype=float) == pytest.approx(averages[name], rel=1e-5)
    for name, again in score(program, images).items():
        np.testing.assert_array_equal(again, scores[name])


def test_evaluation_repeats_and_changes_no_training():
    program = make_program()
    images = some_images()
    evaluate = Evaluation(program, images)
    before = values(program)
    first = evaluate()
    assert first == evaluate()
    for a, b in zip(before, values(program), strict=True):
        np.testing.assert_array_equal(a, b)


def test_evaluation_is_the_mean_over_all_images():
    program = make_program(latent_dim=3)
    images = some_images(300)  # more than one batch
    summary = Evaluation(program, images)()
    posterior = program.vae.posterior.predict_on_batch(images.astype("float32") / 255)
    mean, log_var = (np.asarray(a, "float64") for a in posterior)
    kl_dim = (0.5 * (mean**2 + np.exp(log_var) - 1 - log_var)).mean(axis=0)
    np.testing.assert_allclose(summary["kl_dim"], kl_dim, rtol=1e-4, atol=1e-7)
    assert summary["active_units"] == int((mean.var(axis=0) > 0.01).sum())
    assert summary["psnr"] == pytest.approx(-10 * np.log10(summary["mse"]))
    assert summary["loss"] == pytest.approx(1000 * summary["mse"] + summary["kl"], rel=1e-4)


def test_more_samples_give_the_same_elbo_in_the_mean():
    results = []
    for samples in (1, 16):
        config = {"loss": "elbo", "loss_opt": {"samples": samples}}
        program = make_program(**config, **TUTORIAL)
        results.append(Evaluation(program, some_images(200))()["elbo"])
    assert results[0] == pytest.approx(results[1], rel=1e-3)


def test_a_call_takes_the_most_steps_it_promises():
    program = make_program()
    rows = compile_evaluate(program, some_images())(np.zeros((MAX_STEPS, 2), "int32"))
    assert rows.shape == (MAX_STEPS, sum(program.eval_columns.widths))


def columns_of(*scalars, **widths):
    totals = ("loss", "adversary_loss")
    sizes = (*(1 for _ in scalars), *widths.values())
    return Columns((*scalars, *widths), sizes, totals, reported=(), summarise=lambda means: {})


def test_first_bad_names_step_and_term():
    columns = columns_of("loss", "reconstruction", "kl", kl_dim=2)
    rows = np.zeros((4, 5), "float32")
    assert columns.first_bad(rows) is None
    rows[2, [0, 2, 4]] = np.nan
    rows[3] = np.inf
    assert columns.first_bad(rows) == (2, "kl")
    columns = columns_of("loss", "kl", "adversary_loss", "judge")
    assert columns.first_bad(np.array([[0, 0, np.nan, np.nan]])) == (0, "judge")


@pytest.mark.parametrize(
    ("give", "text"),
    [
        (lambda x, out: x, "must return"),
        (lambda x, out: {}, "must return"),
        (lambda x, out: {"all": x}, r"one value an image"),
        (lambda x, out: {"elbo": out.z[:, 0]}, "which the kit reports"),
    ],
)
def test_loss_that_gives_no_named_terms_is_refused(give, text):
    from vaekit.engine import Program
    from vaekit.loss import needs_of

    good = make_program()
    with pytest.raises(BuildError, match=text):
        Program(good.vae, give, needs_of(give, "mine"), good.optimizer, seed=0, loss_name="mine")


def test_weights_that_the_loss_does_not_reach_stay_as_they_are():
    def loss(x, output):
        return {"size": keras.ops.sum(keras.ops.square(output.posterior.z_mean), axis=-1)}

    vae = make_vae((8, 8, 1), **SMALL_NETS)
    optimizer = keras.optimizers.Adam(1e-3)
    program = Program(vae, loss, needs_of(loss, "size"), optimizer, seed=0, loss_name="size")
    before = [np.array(v.numpy()) for v in vae.decoder.trainable_variables]
    reached = np.array(vae.posterior.trainable_variables[0].numpy())
    images = some_images()
    compile_train(program, images)(np.arange(8, dtype="int32").reshape(1, 8))
    after = [np.array(v.numpy()) for v in vae.decoder.trainable_variables]
    assert all(map(np.array_equal, before, after))
    assert not np.array_equal(vae.posterior.trainable_variables[0].numpy(), reached)
