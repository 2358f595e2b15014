"""`training.gif`: which frames it has, that they are right, and that they change nothing."""

from __future__ import annotations

import shutil
import zipfile

import keras
import numpy as np
import pytest
from PIL import Image, ImageSequence

import vaekit
from tests.parts import vae_of
from tests.resume.runs import SMALL, result, resume
from vaekit.errors import VaekitWarning
from vaekit.figures import Animation
from vaekit.figures.manifold import plane
from vaekit.run import RunDirectory, verify_run
from vaekit.types import Images

pytestmark = pytest.mark.pictures

CAPTION = 28
TINY = {**SMALL, "step_log": True}


def train(out, **more):
    return vaekit.train(**{**TINY, "out": str(out), "epochs": 1, **more})


def frames_of(run):
    with zipfile.ZipFile(run.path / "figures" / "frames.zip") as archive:
        return {int(name.removesuffix(".png")): archive.read(name) for name in archive.namelist()}


def gif_of(folder):
    """The GIF's frames as `(H, W, 3)`, and how long each is shown."""
    with Image.open(folder / "figures" / "training.gif") as gif:
        assert gif.info["loop"] == 0
        frames = [
            (np.asarray(f.convert("RGB")), f.info["duration"])
            for f in ImageSequence.all_frames(gif)
        ]
    return zip(*frames, strict=True)


@pytest.fixture(scope="module")
def short(tmp_path_factory):
    return train(tmp_path_factory.mktemp("short") / "run")


def test_the_gif_begins_before_training_and_ends_with_the_manifold(short):
    images, durations = gif_of(short.path)
    assert len(images) == 2
    assert durations[-1] >= 3 * durations[0]
    decoded = np.rint(short.decode(plane(16)).clip(0, 1) * 255)[..., 0].astype(np.uint8)
    rows = decoded.reshape(16, 16, 8, 8).transpose(0, 2, 1, 3).reshape(128, 128)
    # No grey is lost, and no pixel is blurred.
    shown = images[-1][CAPTION:]
    np.testing.assert_array_equal(shown, rows.repeat(4, 0).repeat(4, 1)[..., None].repeat(3, -1))
    assert not np.array_equal(images[0][CAPTION:], shown)
    assert not np.array_equal(images[0][:CAPTION], images[-1][:CAPTION])


def test_a_resumed_run_goes_on_with_its_frames(short, tmp_path):
    folder = shutil.copytree(short.path, tmp_path / "run")
    before = frames_of(short)
    run = resume(folder, epochs=2)
    assert frames_of(run)[0] == before[0]
    images, _ = gif_of(folder)
    assert len(images) == len({*frames_of(run), 2})
    assert verify_run(folder) == []
    assert '"figures/frames.zip"' in (folder / "manifest.json").read_text()
    older = resume(folder, epochs=3, checkpoint="step-000000005")
    assert set(frames_of(older)) <= {0, 1, 2, 3}


def test_frames_change_nothing_of_what_is_trained(short, tmp_path):
    without = train(tmp_path / "run", figures=False)
    assert list((tmp_path / "run" / "figures").iterdir()) == []
    assert result(without) == result(short)


def test_pictures_without_the_gif(tmp_path):
    run = train(tmp_path / "run", gif=False, latent_dim=3)
    names = {path.name for path in (run.path / "figures").iterdir()}
    assert names == {
        "latent.png",
        "loss.png",
        "reconstructions.png",
        "samples.png",
        "traversal.png",
    }


def test_leaving_pictures_out_is_no_change_to_a_resumed_run(short, tmp_path):
    folder = shutil.copytree(short.path, tmp_path / "run")
    run = train(folder, epochs=2, resume=True, figures=False)
    assert len(run.history) == 2


def test_a_callback_that_stops_before_the_first_epoch_leaves_no_loss_to_draw(tmp_path):
    class Stop(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            self.model.stop_training = True

    run = train(tmp_path / "run", callbacks=[Stop()])
    assert run.record.status == "complete"
    names = {path.name for path in (run.path / "figures").glob("*.*")} - {"frames.zip"}
    assert names == {"latent.png", "manifold.png", "reconstructions.png", "samples.png"}


@pytest.mark.filterwarnings("error::vaekit.errors.VaekitWarning")
def test_damaged_frames_are_said_and_left(short, tmp_path):
    folder = shutil.copytree(short.path, tmp_path / "run")
    path = folder / "figures" / "frames.zip"
    path.write_bytes(path.read_bytes()[:-9] + b"damaged!!")
    with pytest.warns(VaekitWarning, match=r"frames\.zip can't be read .* begins here"):
        film(folder, short.model, epochs=2, done=1)


def film(folder, model, *, epochs, done=0):
    images = Images(np.zeros((3, *model.image_shape), np.uint8))
    return Animation(RunDirectory(folder), model, images, epochs=epochs, done=done)


class Drawing(keras.layers.Layer):
    """Adds noise even at rest."""

    def __init__(self):
        super().__init__()
        self.noise = keras.random.SeedGenerator(0)

    def call(self, x):
        return keras.ops.sigmoid(x + keras.random.normal(keras.ops.shape(x), seed=self.noise))


@pytest.fixture(scope="module")
def noisy():
    images, z = keras.layers.Input((8, 8, 3)), keras.layers.Input((2,))
    encoder = keras.Model(images, keras.layers.Flatten()(images))
    decoded = keras.layers.Reshape((8, 8, 3))(keras.layers.Dense(192)(z))
    return vae_of(encoder, keras.Model(z, Drawing()(decoded)))


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "figures").mkdir()
    return tmp_path


def stored(folder):
    with zipfile.ZipFile(folder / "figures" / "frames.zip") as archive:
        return [int(name.removesuffix(".png")) for name in archive.namelist()]


def test_a_layer_that_draws_at_rest_gets_its_random_state_back(folder, noisy):
    before = [keras.ops.convert_to_numpy(v) for v in noisy.variables]
    film(folder, noisy, epochs=1).frame(0)
    for variable, value in zip(noisy.variables, before, strict=True):
        np.testing.assert_array_equal(keras.ops.convert_to_numpy(variable), value)


@pytest.fixture
def clock(monkeypatch):
    """The time as frames see it; decoding takes 0.1 of a second."""
    now = [0.0]
    monkeypatch.setattr("vaekit.figures.animation.time.monotonic", lambda: now[0])
    decoded = Animation._decoded

    def slow(self):
        now[0] += 0.1
        return decoded(self)

    monkeypatch.setattr(Animation, "_decoded", slow)
    return now


def test_a_long_run_has_forty_frames_at_most_and_its_last_state(folder, noisy, clock):
    animation = film(folder, noisy, epochs=100)
    for epoch in range(101):
        animation.frame(epoch)
        clock[0] += 60
    assert stored(folder) == list(range(0, 101, 3))
    again = film(folder, noisy, epochs=200, done=30)
    again.write(folder / "figures" / "training.gif", 31)
    images, _ = gif_of(folder)
    assert len(images) == 4  # 0, 15 and 30 of them are still wanted, and what there is now


def test_fast_epochs_are_not_held_up(folder, noisy, clock):
    animation = film(folder, noisy, epochs=30)
    for epoch in range(31):
        animation.frame(epoch)
        clock[0] += 1
    # The second one tells what a frame takes; from then on one comes every 25 times as long.
    assert stored(folder) == [0, 1, 4, 7, 10, 13, 16, 19, 22, 25, 28]


def test_colours_are_nearly_kept(folder, noisy):
    animation = film(folder, noisy, epochs=1)
    animation.frame(1)
    animation.write(folder / "figures" / "training.gif", 1)
    with (
        zipfile.ZipFile(folder / "figures" / "frames.zip") as archive,
        archive.open("000001.png") as png,
        Image.open(png) as image,
    ):
        true = np.asarray(image).repeat(4, 0).repeat(4, 1).astype(float)
    (shown,), _ = gif_of(folder)
    assert shown[CAPTION:].shape == true.shape
    assert np.abs(shown[CAPTION:] - true).mean() < 20
