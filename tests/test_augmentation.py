"""Training images changed at random: how, how far, and the same in a run that was cut."""

from __future__ import annotations

import warnings

import keras
import numpy as np
import pytest

import vaekit
from tests.parts import make_program, some_images
from tests.resume.runs import cut, result, resume, train
from vaekit.augmentation import AUGMENTATIONS
from vaekit.augmentation.pipeline import Augmentation
from vaekit.config import TrainConfig
from vaekit.engine import compile_train
from vaekit.errors import OptionError, RunError

pytestmark = pytest.mark.backend

ALL = ",".join(AUGMENTATIONS)
BLOCK = np.arange(24, dtype="int32").reshape(3, 8)


def augmented(names, images, seed=0, calls=1):
    """What the last of several calls makes of images."""
    augmentation = Augmentation(names, images.shape[1:], seed)
    tensor = keras.ops.convert_to_tensor(images)
    for _ in range(calls):
        result = augmentation(tensor)
    return keras.ops.convert_to_numpy(result)


def noise(count, shape=(20, 30, 3)):
    return np.random.default_rng(1).random((count, *shape), "float32")


def test_flip_is_left_to_right_alone():
    images = noise(32)
    flipped = augmented(["flip"], images)
    kept = np.array([np.array_equal(a, b) for a, b in zip(flipped, images, strict=True)])
    mirrored = np.array(
        [np.array_equal(a, b[:, ::-1]) for a, b in zip(flipped, images, strict=True)]
    )
    assert np.all(kept ^ mirrored)
    assert 5 < kept.sum() < 27


def test_shift_moves_by_whole_pixels_a_tenth_at_most():
    images = noise(16)
    moves = set()
    for before, after in zip(images, augmented(["shift"], images), strict=True):
        # Inside, where nothing comes in, one move explains every pixel.
        inner = after[2:-2, 3:-3]
        fits = [
            (down, right)
            for down in range(-2, 3)
            for right in range(-3, 4)
            if np.array_equal(inner, before[2 - down : 18 - down, 3 - right : 27 - right])
        ]
        assert len(fits) == 1
        moves.update(fits)
    assert len(moves) > 5


@pytest.mark.parametrize("names", [["flip"], ["shift"], ["flip", "shift"]])
def test_images_of_one_colour_stay_as_they_are(names):
    images = np.broadcast_to(noise(9, (1, 1, 3)), (9, 20, 30, 3)).copy()
    np.testing.assert_array_equal(augmented(names, images), images)


def test_crop_enlarges_a_part_of_each_image():
    """Of a ramp, a crop is a ramp: its slope is the crop's share, and its start the place."""
    across = np.linspace(0, 1, 30, dtype="float32")
    down = np.linspace(0, 1, 20, dtype="float32")
    ramp = np.stack(np.broadcast_arrays(across[None], down[:, None]), axis=-1)
    crops = augmented(["crop"], np.tile(ramp, (32, 1, 1, 1)))
    columns, rows = crops[:, 0, :, 0], crops[:, :, 0, 1]
    slopes = columns[:, -1] - columns[:, 0]
    np.testing.assert_allclose(rows[:, -1] - rows[:, 0], slopes, atol=1e-5)  # the same share
    assert 0.8 <= slopes.min() < 0.86
    assert 0.94 < slopes.max() <= 1
    assert np.abs(np.diff(columns, 2)).max() < 1e-5
    starts = columns[:, 0] / (1 - slopes)
    assert starts.min() < 0.3
    assert starts.max() > 0.7


def test_colour_is_brightness_contrast_and_saturation():
    grey = 0.4 + 0.2 * np.repeat(noise(32, (20, 30, 1)), 3, axis=-1)  # nothing is clipped
    changed = augmented(["colour"], grey)
    np.testing.assert_allclose(np.ptp(changed, axis=-1), 0, atol=1e-6)  # grey stays grey
    brightness = changed.mean(axis=(1, 2, 3)) - grey.mean(axis=(1, 2, 3))
    contrast = changed.std(axis=(1, 2, 3)) / grey.std(axis=(1, 2, 3))
    assert 0.05 < np.abs(brightness).max() <= 0.1001
    assert 0.799 <= contrast.min() < 0.9 < 1.1 < contrast.max() <= 1.201

    # Of one colour, contrast changes nothing: brightness leaves the differences of channels.
    plain = np.broadcast_to(np.float32([0.6, 0.5, 0.4]), (32, 8, 8, 3)).copy()
    saturation = np.ptp(augmented(["colour"], plain), axis=-1)[:, 0, 0] / 0.2
    assert 0.75 < saturation.min() < 0.9 < 1.1 < saturation.max() < 1.25


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_values_stay_within_black_and_white_and_shapes_as_they_are(channels):
    images = noise(16, (9, 8, channels)).round()
    changed = augmented(list(AUGMENTATIONS), images)
    assert changed.shape == images.shape
    assert changed.dtype == np.float32
    assert changed.min() >= 0
    assert changed.max() <= 1
    assert not np.array_equal(changed, images)


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_draws_come_anew_and_from_the_seed(name):
    images = noise(16)
    first = augmented([name], images)
    np.testing.assert_array_equal(augmented([name], images), first)
    assert not np.array_equal(augmented([name], images, calls=2), first)
    assert not np.array_equal(augmented([name], images, seed=1), first)


def test_a_step_is_one_on_the_images_as_they_were_changed():
    """An evaluation is on the images as they are."""
    images = some_images()
    (batch,) = BLOCK[:1]
    program, plain = make_program(augment=ALL), make_program()
    at_rest = [keras.ops.convert_to_numpy(p.eval_step(images[batch])) for p in (program, plain)]
    np.testing.assert_array_equal(*at_rest)

    changed = augmented(list(AUGMENTATIONS), images[batch].astype("float32") / np.float32(255))
    row = compile_train(program, images)(BLOCK[:1])
    expected = compile_train(plain, changed)(BLOCK[:1])
    np.testing.assert_allclose(row, expected, rtol=1e-4, atol=1e-5)
    after = [keras.ops.convert_to_numpy(p.eval_step(images)) for p in (program, plain)]
    # The loss alone: Adam takes rounding for gradients, too, which smaller sums show.
    np.testing.assert_allclose(after[0][0], after[1][0], rtol=2e-3)


def test_a_run_that_was_cut_draws_what_it_would_have(tmp_path):
    whole = train(tmp_path / "whole", augment=ALL)
    out = tmp_path / "run"
    cut(out, 8, augment=ALL, checkpoint_every="3steps")
    assert result(resume(out)) == result(whole)
    assert whole.config.augment == tuple(AUGMENTATIONS)
    with pytest.raises(RunError, match=r"augment: was \['flip', .*\], is \['flip'\]"):
        train(out, augment="flip", resume=True, epochs=4)


@pytest.mark.skipif(keras.backend.backend() != "torch", reason="torch's own")
def test_torch_compiles_it():
    rows = []
    for compiled in (False, True):
        program = make_program(augment=ALL)
        program.compiled = compiled
        with warnings.catch_warnings():
            warnings.simplefilter("error", vaekit.VaekitWarning)
            rows.append(compile_train(program, some_images())(BLOCK))
    np.testing.assert_allclose(*rows, rtol=1e-4)


@pytest.mark.parametrize("names", ["shift, flip", ["shift", "flip"], ("flip", "shift")])
def test_names_are_taken_in_any_order_and_form(names):
    assert TrainConfig.checked({"augment": names}).augment == ("flip", "shift")


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ("flip,color", "there is no augmentation 'color'. Did you mean 'colour'?"),
        (["xyzzy"], "there is no augmentation 'xyzzy'. Choose from: colour, crop, flip, shift."),
        ("flip,flip", "flip is in it twice."),
        (3, "input should be a valid tuple."),
    ],
)
def test_other_names_are_refused(names, message):
    with pytest.raises(OptionError) as caught:
        TrainConfig.checked({"augment": names})
    assert str(caught.value) == f"augment can't be {names!r}: {message}"
