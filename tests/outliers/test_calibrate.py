"""`Run.calibrate` and `Run.outliers`: what is saved, what comes of it, what makes it void."""

from __future__ import annotations

import json
import shutil
import warnings
from pathlib import Path

import numpy as np
import pytest

import vaekit
from tests.outliers.conftest import train
from vaekit.data import split
from vaekit.errors import (
    DamagedError,
    DataError,
    OptionError,
    RunError,
    UnknownNameError,
    UserError,
    VaekitWarning,
)
from vaekit.outliers import SCORES, p_values


def training(run: vaekit.Run) -> vaekit.Images:
    config = run.config
    return split(run.dataset(), share=0.1, seed=config.seed, limit=config.limit)[0]


def white_noise(run: vaekit.Run, count: int = 12) -> np.ndarray:
    """Black and white."""
    return np.random.default_rng(0).integers(0, 2, (count, *run.image_shape)).astype("float32")


def files(run: vaekit.Run) -> set[str]:
    return {path.name for path in run.path.rglob("calibration*/*")}


@pytest.mark.backend
@pytest.mark.parametrize("score", list(SCORES))
def test_each_score_is_calibrated_saved_and_read_back(run: vaekit.Run, score: str) -> None:
    options = {"regret": {"steps": "8", "draws": 4}, "elbo": {"draws": "4"}}.get(score, {})
    held = run.held_out().images
    calibration = run.calibrate(None, score, options=options, alpha=0.02)
    assert calibration.scores.shape == (180,)
    loaded = vaekit.load(run.path)
    normal, noise = held.pixels[40:70], white_noise(run)
    told = loaded.outliers(normal, alpha=0.02)
    # An image has its own score, whichever images it is among.
    np.testing.assert_allclose(told.score, calibration.scores[40:70], rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(told.p_value, p_values(calibration.scores, told.score))
    np.testing.assert_array_equal(told.outlier, told.p_value <= 0.02)
    np.testing.assert_array_equal(told.outlier, told.score > told.threshold)
    assert told.maps is None
    if score in ("elbo", "reconstruction"):
        assert loaded.outliers(noise, alpha=0.02).outlier.all()
    record = json.loads((run.path / "calibration.json").read_text())["scores"][score]
    assert (record["images"], record["split"], record["checked"]) == (180, "validation", True)
    assert record["options"].items() >= {k: int(v) for k, v in options.items()}.items()
    assert not list(run.directory.checksums.damages())


def test_several_scores_stand_side_by_side_and_one_is_replaced(run: vaekit.Run) -> None:
    run.calibrate(None, "reconstruction")
    run.calibrate(None, "latent", options={"images": 100})
    first = files(run)
    assert len(first) == 2
    with pytest.raises(UserError, match=r"several scores: say score='reconstruction' or score="):
        run.outliers(white_noise(run))
    before = run.outliers(white_noise(run), score="latent").score
    run.calibrate(None, "latent", options={"images": 900})
    assert len(files(run)) == 2
    assert len(files(run) & first) == 1  # the other score's
    again = run.outliers(white_noise(run), score="latent").score
    assert not np.array_equal(before, again)
    with pytest.raises(RunError, match="isn't calibrated for 'elbo'; it is for reconstruction,"):
        run.outliers(white_noise(run), score="elbo")
    with pytest.raises(UnknownNameError, match=r"no score 'regrets'. Did you mean 'regret'"):
        run.outliers(white_noise(run), score="regrets")


def test_maps_are_the_score_by_place(run: vaekit.Run) -> None:
    run.calibrate(None, "reconstruction")
    told = run.outliers(white_noise(run), maps=True)
    assert told.maps is not None
    assert told.maps.shape == (12, 8, 8)
    np.testing.assert_allclose(told.maps.mean(axis=(1, 2)), told.score, rtol=1e-5)
    error = np.square(white_noise(run) - run.reconstruct(white_noise(run))).mean(axis=-1)
    np.testing.assert_allclose(told.maps, error, rtol=1e-4, atol=1e-6)
    run.calibrate(None, "latent")
    with pytest.raises(UserError, match=r"as a whole and has no maps.*score='reconstruction'"):
        run.outliers(white_noise(run), score="latent", maps=True)


def test_the_latent_score_is_large_far_from_the_training_images(run: vaekit.Run) -> None:
    calibration = run.calibrate(None, "latent")
    z = run.latents(training(run))
    assert calibration.fitted["mean"] == pytest.approx(z.mean(axis=0), abs=0.2)
    # Of draws of the training images themselves, it is D in the mean.
    assert 0.2 < calibration.scores.mean() < 3.5


@pytest.mark.slow
def test_regret_is_a_gain(run: vaekit.Run) -> None:
    scores = run.calibrate(None, "regret", options={"steps": 30, "draws": 8}).scores
    assert scores.mean() > 0.0
    assert (scores > -0.5).all()


@pytest.mark.parametrize("of", ["all", "few", "floats", "doubles", "among others"])
def test_images_that_were_trained_on_are_refused(run: vaekit.Run, of: str) -> None:
    trained = np.asarray(training(run).pixels)
    unseen = np.asarray(run.held_out().images.pixels)
    images = {
        "all": trained,
        "few": trained[5:105],
        "floats": trained.astype("float32"),
        "doubles": trained.astype("float64"),
        "among others": np.concatenate([unseen, trained[7:10]]),
    }[of]
    count = 3 if of == "among others" else len(images)
    with pytest.raises(DataError, match=f"trained on {count:,} of these {len(images):,} images"):
        run.calibrate(images, "reconstruction")
    assert not (run.path / "calibration.json").exists()
    assert not (run.path / "calibrations").exists()


def test_bytes_are_known_again_as_floats(of_arrays: vaekit.Run, pixels: np.ndarray) -> None:
    own = vaekit.Dataset("arrays", vaekit.Images(pixels))
    trained = split(own, share=0.1, seed=of_arrays.config.seed, limit=200)[0].pixels
    with pytest.raises(DataError, match="trained on 100 of these 100 images"):
        of_arrays.calibrate(trained[:100] / 255.0, "reconstruction", trained_on=pixels)


def test_they_can_be_left_out(run: vaekit.Run) -> None:
    unseen, trained = run.held_out().images.pixels, training(run).pixels
    both = np.concatenate([trained[:20], unseen])
    calibration = run.calibrate(both, "reconstruction", leave_out_trained=True)
    assert (calibration.record.left_out, calibration.record.images) == (20, 180)
    assert calibration.scores.shape == (180,)
    with pytest.raises(UserError, match="at least 99"):
        run.calibrate(trained, "reconstruction", leave_out_trained=True)


def test_where_it_cannot_be_checked_it_is_said(of_arrays: vaekit.Run, pixels: np.ndarray) -> None:
    run, new = of_arrays, np.random.default_rng(1).integers(0, 256, (120, 8, 8, 1), "uint8")
    with pytest.warns(VaekitWarning, match=r"can't be checked: .* trained_on"):
        calibration = run.calibrate(new, "reconstruction")
    assert not calibration.record.checked
    assert "array" in calibration.record.why_unchecked
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", VaekitWarning)
        with pytest.raises(UserError, match="fitted on the training images, which can't"):
            run.calibrate(new, "latent")
    with pytest.raises(DataError, match=r"isn't what the run was trained on"):
        run.calibrate(new, "latent", trained_on=pixels[1:])
    calibration = run.calibrate(new, "latent", trained_on=pixels)
    assert calibration.record.checked


@pytest.mark.slow
def test_images_that_chose_the_epoch_are_warned_of(tmp_path: Path) -> None:
    run = train(tmp_path / "patient", loss="elbo", patience=1)
    with pytest.warns(VaekitWarning, match=r"180 of these images the run chose the epoch"):
        calibration = run.calibrate(None, "reconstruction")
    assert calibration.record.chose_epoch


def test_too_few_images_are_refused_with_the_number_needed(run: vaekit.Run) -> None:
    few = run.held_out(limit=98).images.pixels
    with pytest.raises(UserError, match=r"98 calibration images .* at least 99\."):
        run.calibrate(few, "reconstruction")
    run.calibrate(few, "reconstruction", alpha=0.05)
    with pytest.raises(UserError, match=r"98 calibration images .* at least 99\."):
        run.outliers(few, alpha=0.01)


def test_a_run_that_was_trained_on_is_calibrated_anew(run: vaekit.Run) -> None:
    run.calibrate(None, "reconstruction")
    longer = vaekit.resume(run.path, epochs=21, progress=False)
    with pytest.raises(RunError, match=r"weights of epoch 20, and has others now.*run.calibrate"):
        longer.outliers(white_noise(longer))
    longer.calibrate(None, "reconstruction")
    assert longer.outliers(white_noise(longer)).outlier.all()


def test_draws_of_another_backend_are_noticed(run: vaekit.Run) -> None:
    run.calibrate(None, "elbo", options={"draws": 2})
    path = run.path / "calibration.json"
    listed = json.loads(path.read_text())
    listed["scores"]["elbo"] |= {"draws": [0.1, 0.2, 0.3, 0.4], "backend": "elsewhere"}
    with run.directory.changing(path):
        path.write_text(json.dumps(listed))
    with pytest.raises(RunError, match=r"calibrated for 'elbo' on elsewhere.*KERAS_BACKEND"):
        run.outliers(white_noise(run))


def test_damage_is_noticed(run: vaekit.Run) -> None:
    with pytest.raises(RunError, match=r"isn't calibrated. run.calibrate"):
        run.outliers(white_noise(run))
    run.calibrate(None, "reconstruction")
    (file,) = (run.path / "calibrations").iterdir()
    content = file.read_bytes()
    file.write_bytes(content[:-9] + b"!" + content[-8:])
    with pytest.raises(DamagedError, match=r"reconstruction-"):
        run.outliers(white_noise(run))
    file.unlink()
    with pytest.raises(RunError, match=r"Can't read"):
        run.outliers(white_noise(run))
    (run.path / "calibration.json").write_text('{"scores": 3}')
    with pytest.raises(DamagedError, match=r"calibration.json"):
        run.outliers(white_noise(run))


def test_a_list_that_points_elsewhere_is_not_followed(run: vaekit.Run, tmp_path: Path) -> None:
    run.calibrate(None, "reconstruction")
    (file,) = (run.path / "calibrations").iterdir()
    shutil.copy(file, tmp_path / "other.npz")
    path = run.path / "calibration.json"
    listed = json.loads(path.read_text())
    listed["scores"]["reconstruction"]["file"] = str(tmp_path / "other.npz")
    with run.directory.changing(path):
        path.write_text(json.dumps(listed))
    with pytest.raises(RunError, match=r"outside of"):
        run.outliers(white_noise(run))


@pytest.mark.parametrize(
    ("score", "options", "said"),
    [
        ("elbo", {"drawn": 3}, "has no option 'drawn'; it takes draws"),
        ("elbo", {"draws": 0}, "can't take draws=0: input should be greater"),
        ("regret", {"learning_rate": "fast"}, "can't take learning_rate='fast'"),
    ],
)
def test_options_are_checked(run: vaekit.Run, score: str, options: dict, said: str) -> None:
    with pytest.raises(OptionError, match=said):
        run.calibrate(None, score, options=options)
