"""Images in black and white: by which law, by which seed, and in a run that was cut."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from tests.parts import make_program, some_images
from tests.resume.runs import cut, result, resume, train
from vaekit.config import TrainConfig
from vaekit.data import binarized, to_train_on
from vaekit.engine import compile_train
from vaekit.engine.dynamic_binarization import DynamicBinarization
from vaekit.errors import OptionError, RunError
from vaekit.types import Images

GREYS = np.linspace(0, 255, 6).astype("uint8")


def grey_images(count=400):
    """Each row of an image of one grey of `GREYS`, and noise in a column of each."""
    images = np.broadcast_to(GREYS[None, :, None, None], (count, 6, 50, 1)).copy()
    images[:, :, 0, 0] = np.random.default_rng(0).integers(0, 256, (count, 6))
    return images


def pixels_of(images, how, seed=0):
    return binarized(Images(images), how, seed).pixels


@pytest.mark.parametrize("how", ["static", "dynamic"])
def test_a_draw_is_white_with_the_grey_as_its_probability(how):
    drawn = pixels_of(grey_images(), how)[:, :, 1:]
    assert drawn.dtype == np.uint8
    assert set(np.unique(drawn)) == {0, 255}
    shares = (drawn == 255).mean(axis=(0, 2, 3))
    error = np.sqrt(GREYS / 255 * (1 - GREYS / 255) / drawn[:, 0].size)
    assert (np.abs(shares - GREYS / 255) <= 5 * error).all()


def test_a_draw_is_of_the_image_and_the_seed_alone():
    images = grey_images(40)
    drawn = pixels_of(images, "static")
    np.testing.assert_array_equal(pixels_of(images[17:20], "static"), drawn[17:20])
    np.testing.assert_array_equal(pixels_of(images / np.float32(255), "static"), drawn)
    np.testing.assert_array_equal(pixels_of(drawn, "static", seed=1), drawn)  # already is
    assert not np.array_equal(pixels_of(images, "static", seed=1), drawn)
    assert not np.array_equal(drawn[0, :, 1:], drawn[1, :, 1:])


def test_a_threshold_is_at_a_half():
    images = np.float32([0, 0.499, 0.5, 0.501, 1]).reshape(1, 1, 5, 1)
    assert pixels_of(images, "threshold").ravel().tolist() == [0, 0, 255, 255, 255]


def test_what_is_asked_for_nothing_stays():
    images = Images(grey_images(2))
    assert binarized(images, None, 0) is images
    assert to_train_on(images, "dynamic", 0) is images


@pytest.mark.backend
def test_a_step_draws_anew_by_the_same_law():
    draw = DynamicBinarization(0)
    grey = keras.ops.convert_to_tensor(np.full((50, 20, 20, 1), 0.3, "float32"))
    one, two = (keras.ops.convert_to_numpy(draw(grey)) for _ in range(2))
    assert set(np.unique(one)) == {0.0, 1.0}
    assert not np.array_equal(one, two)
    for drawn in (one, two):
        assert abs(drawn.mean() - 0.3) < 5 * np.sqrt(0.21 / drawn.size)


@pytest.mark.backend
def test_a_step_is_one_on_the_pixels_that_it_draws():
    block = np.arange(16, dtype="int32").reshape(2, 8)
    images = some_images()
    program, plain = make_program(binarize="dynamic"), make_program()
    row = compile_train(program, images)(block[:1])
    scaled = keras.ops.convert_to_tensor(images[block[0]].astype("float32") / np.float32(255))
    drawn = keras.ops.convert_to_numpy(DynamicBinarization(0)(scaled))
    np.testing.assert_allclose(row, compile_train(plain, drawn)(block[:1]), rtol=1e-4, atol=1e-5)


def test_a_run_without_it_has_no_state_for_it():
    plain, static, dynamic = (
        len(make_program(binarize=how).state) for how in (None, "static", "dynamic")
    )
    assert plain == static == dynamic - 1


def test_a_run_that_was_cut_draws_what_it_would_have(tmp_path):
    whole = train(tmp_path / "whole", binarize="dynamic")
    out = tmp_path / "run"
    cut(out, 8, binarize="dynamic", checkpoint_every="3steps")
    assert result(resume(out)) == result(whole)
    with pytest.raises(RunError, match=r"binarize: was dynamic, is static"):
        train(out, binarize="static", resume=True, epochs=4)


@pytest.fixture(scope="module")
def black_and_white_run(tmp_path_factory):
    out = tmp_path_factory.mktemp("binarized") / "run"
    return train(out, binarize="dynamic", loss="elbo", epochs=1)


def test_later_images_are_drawn_as_the_runs_are(black_and_white_run):
    run = black_and_white_run
    dataset = run.dataset()
    assert set(np.unique(dataset.train.pixels)) == {0, 255}
    grey = np.random.default_rng(0).integers(0, 256, (5, 8, 8, 1), dtype="uint8")
    drawn = pixels_of(grey, "dynamic", seed=run.config.seed)
    for ask in (lambda images: run.encode(images)[0], lambda images: run.score(images)["elbo"]):
        np.testing.assert_array_equal(ask(grey), ask(drawn))
        assert not np.array_equal(ask(grey), ask(np.where(drawn == 255, 0, 255).astype("uint8")))


def test_evaluation_says_the_same_twice_and_as_training_did(black_and_white_run):
    run = black_and_white_run
    result = run.evaluate()
    assert result == run.evaluate()
    scores = run.score(run.held_out().images)
    assert scores["elbo"].mean() == pytest.approx(result["elbo"], rel=1e-5)
    limited = run.evaluate(limit=40)["elbo"]
    assert limited == pytest.approx(run.history[-1]["val_elbo"], rel=1e-5)


def test_what_would_make_it_grey_again_is_refused():
    assert TrainConfig.checked({"binarize": "dynamic", "augment": "crop"}).binarize == "dynamic"
    assert TrainConfig.checked({"binarize": "static", "augment": "flip"}).binarize == "static"
    with pytest.raises(OptionError, match=r"augment='crop' would make .* grey again"):
        TrainConfig.checked({"binarize": "static", "augment": "flip,crop"})
