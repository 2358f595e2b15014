"""Pictures of latents that are no vector under N(0, I): maps, codes, one value; and of classes."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.patches import Circle

from tests.codes import CODES, Codes
from tests.figures.drawn import a_run, pixels_of
from tests.parts import blueprint
from vaekit.figures import draw_latent_map, draw_samples
from vaekit.figures.classes import classes_in_turn
from vaekit.figures.manifold import has_manifold
from vaekit.figures.scene import scene_of
from vaekit.types import Images

pytestmark = pytest.mark.pictures
TINY = {"loss": "elbo", "encoder_opt": {"width": 4}, "decoder_opt": {"width": 4}}
CLASSES = 3


def map_of(z, **more):
    return draw_latent_map(a_run(z, **more), Images(np.zeros((len(z), 8, 8, 1), np.uint8)))


def points_of(figure):
    return np.concatenate([part.get_offsets() for part in figure.axes[0].collections])


def some(*shape):
    return np.random.default_rng(0).standard_normal(shape) + 30


@pytest.mark.parametrize("size", [2, 5])
def test_axes_of_another_prior_are_around_the_points(tmp_path, size):
    figure = map_of(some(40, size), standard=False, name="z")
    axes = figure.axes[0]
    assert not [patch for patch in axes.patches if isinstance(patch, Circle)]
    (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
    assert right - left == pytest.approx(high - low)
    points = points_of(figure)
    assert (points > (left, low)).all()
    assert (points < (right, high)).all()
    assert right - left < 3 * np.ptp(points, axis=0).max()
    first = "z 1" if size == 2 else "component 1 of z ("
    assert axes.get_xlabel().startswith(first)
    pixels_of(figure, tmp_path)


def test_maps_are_pooled_and_have_no_circles():
    z = some(9, 4, 4, 2)
    figure = map_of(z)
    np.testing.assert_allclose(points_of(figure), z.mean(axis=(1, 2)), rtol=1e-6)
    assert figure.axes[0].get_xlabel() == "pooled z_mean 1"
    assert not figure.axes[0].patches


def test_codes_are_shown_by_their_usage():
    latent = Codes(3)
    latent.codebook.build((None, CODES))
    codes = np.array(latent.codebook.kernel)
    figure = map_of(codes[[0, 0, 4, 5]], latent=latent, standard=False, name="z")
    points = points_of(figure)
    assert figure.axes[0].get_xlabel().startswith("component 1 of projected z (")
    assert np.allclose(points[0], points[1])
    assert len(np.unique(points.round(6), axis=0)) == 3


def test_one_value_without_a_deviation_is_shown_in_the_order_of_images(tmp_path):
    z = some(7, 1)
    figure = map_of(z, standard=False, name="z")
    np.testing.assert_allclose(points_of(figure), np.column_stack([z, np.arange(7)]), rtol=1e-6)
    assert figure.axes[0].get_ylabel() == "image"
    pixels_of(figure, tmp_path)


def test_classes_take_turns_and_of_very_many_the_first_have_a_few_images_each():
    assert np.bincount(classes_in_turn(10, 100)).tolist() == [10] * 10
    assert np.bincount(classes_in_turn(3, 100)).tolist() == [34, 33, 33]
    assert np.bincount(classes_in_turn(1000, 100)).tolist() == [5] * 20


def a_conditional_run(classes, prior=None, *, names=None):
    """A run whose images are as light as their class's number says."""
    parts = {"latent": SimpleNamespace(name="ladder")}
    if prior is not None:
        parts["prior"] = SimpleNamespace(name=prior)

    def sample(count, *, seed, labels, sampler, temperature):
        assert labels.shape == (count,)
        return np.broadcast_to(labels[:, None, None, None] / 10, (count, 4, 4, 1))

    return SimpleNamespace(
        sample=sample,
        sampler=lambda name: (SimpleNamespace(name="prior"), SimpleNamespace(needs_prior=True)),
        model=SimpleNamespace(
            condition=SimpleNamespace(classes=classes), has_standard_prior=prior == "standard"
        ),
        record=SimpleNamespace(parts=parts, data=SimpleNamespace(class_names=names)),
    )


def texts_of(figure):
    return [text.get_text() for text in figure.axes[0].texts]


def test_samples_have_a_row_a_class_named_beside_it(tmp_path):
    figure = draw_samples(a_conditional_run(3, "standard", names=["cat", "dog", "owl"]), 12)
    assert texts_of(figure) == ["cat", "dog", "owl"]
    assert figure.axes[0].get_title("left") == "Decoded from draws of the prior N(0, I), by class"
    shown = pixels_of(figure, tmp_path)
    box = figure.axes[0].get_window_extent()
    top, left = shown.shape[0] - round(box.y1), round(box.x0)
    rows = shown[top : top + round(box.height), left : left + round(box.width), 0]
    heights = np.linspace(0, len(rows), 3, endpoint=False).astype(int) + len(rows) // 6
    for number, height in enumerate(heights):
        grey = round(number * 25.5)
        assert set(np.unique(rows[height])) == {grey, 255}


def test_a_class_of_many_images_goes_on_in_another_row_and_the_first_of_many_are_said():
    labels = np.array([7] * 25 + [2])
    figure = draw_samples(a_conditional_run(9, "mixture"), 26, labels=labels)
    assert texts_of(figure) == ["2", "7"]
    axes = figure.axes[0]
    assert [text.get_position()[1] for text in axes.texts] == [2, 7]
    assert axes.get_ylim()[0] == 4 * 4 + 3 * 1
    title = "Decoded from draws of the prior mixture, by class; 2 of 9 classes"
    assert axes.get_title("left") == title


def test_a_prior_of_the_latents_own_is_called_so():
    title = draw_samples(a_conditional_run(1), 5).axes[0].get_title("left")
    assert title.startswith("Decoded from draws of the prior of the latent ladder")


# What a film shows.


def vae_of(**config):
    made = blueprint((8, 8, 1), 0, {**TINY, **config})
    return made._replace(classes=CLASSES).build().vae


def held_out(count=7):
    random = np.random.default_rng(0)
    pixels = random.integers(0, 256, (count, 8, 8, 1), dtype="uint8")
    return Images(pixels, np.arange(count) % CLASSES)


def test_a_film_with_classes_has_a_row_of_the_same_draws_for_each():
    vae = vae_of(condition="labels")
    assert not has_manifold(vae)
    scene = scene_of(vae, held_out(), 40)
    assert (scene.rows, scene.columns) == (CLASSES, 5)
    np.testing.assert_array_equal(scene.labels, np.repeat(np.arange(CLASSES), 5))
    rows = scene.z().reshape(CLASSES, 5, 2)
    np.testing.assert_array_equal(rows, np.broadcast_to(rows[:1], rows.shape))


def test_a_film_follows_a_prior_that_is_learned():
    vae = vae_of(prior="mixture", latent_opt={"grid": True})
    scene = scene_of(vae, held_out(), 40)
    before = scene.z()
    assert before.shape == (25, *vae.latent_shape)
    vae.prior.mean.assign_add(np.full(vae.prior.mean.shape, 5.0, "float32"))
    np.testing.assert_allclose(scene.z(), before + 5, atol=1e-4)


def test_a_film_without_a_prior_is_of_held_out_images_in_their_classes():
    vae = vae_of(latent="deterministic", condition="labels")
    scene = scene_of(vae, held_out(), 40)
    assert (scene.rows, scene.columns) == (2, 5)
    np.testing.assert_array_equal(scene.labels, np.arange(7) % CLASSES)
    before = scene.z()
    assert before.shape == (7, 2)
    vae.point.trainable_variables[-1].assign_add(np.ones(2, "float32"))
    np.testing.assert_allclose(scene.z(), before + 1, atol=1e-5)
