"""The few labels that are used of many, and what a VAE makes of images under other labels."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import ops

import vaekit
from tests.parts import blueprint, some_images
from tests.small_nets import SMALL_NETS
from vaekit.data import with_few_labels
from vaekit.types import Images

LABELS = np.random.default_rng(0).integers(0, 5, 1000)


def kept(few):
    return np.unique(few[few >= 0], return_counts=True)


def test_a_share_is_kept_with_as_many_of_each_class():
    few = with_few_labels(LABELS, 0.1, seed=3)
    classes, counts = kept(few)
    assert classes.tolist() == [0, 1, 2, 3, 4]
    assert counts.tolist() == [20] * 5
    assert set(few[few != LABELS]) == {-1}
    counts = kept(with_few_labels(LABELS, 0.103, seed=3))[1]
    assert counts.sum() == 103
    assert set(counts) == {20, 21}


def test_which_ones_hangs_on_the_seed_alone_and_more_are_those_and_others():
    few = with_few_labels(LABELS, 0.1, seed=3)
    np.testing.assert_array_equal(few, with_few_labels(LABELS.copy(), 0.1, seed=3))
    assert (few != with_few_labels(LABELS, 0.1, seed=4)).any()
    more = with_few_labels(LABELS, 0.3, seed=3)
    assert (more[few >= 0] == few[few >= 0]).all()


def test_a_small_class_keeps_all_and_every_class_keeps_one():
    labels = np.array([7] * 3 + [1] * 97)
    assert kept(with_few_labels(labels, 0.2, seed=0))[1].tolist() == [17, 3]
    assert kept(with_few_labels(labels, 1e-6, seed=0))[1].tolist() == [1, 1]


def test_a_fraction_without_a_condition_is_refused():
    with pytest.raises(vaekit.OptionError, match=r"label_fraction can't be 0.5: without cond"):
        vaekit.TrainConfig.checked({"label_fraction": 0.5})


def test_a_loss_that_takes_no_images_without_labels_is_refused_before_training(tmp_path):
    images = Images(some_images(), np.arange(24) % 3)
    config = {"condition": "labels", "label_fraction": 0.5, "batch_size": 8, "progress": False}
    with pytest.raises(vaekit.BuildError, match=r"'elbo' takes no images without a label"):
        vaekit.train(
            data=vaekit.Dataset("mine", images),
            loss="elbo",
            **SMALL_NETS,
            **config,
            out=tmp_path / "run",
        )
    assert not (tmp_path / "run").exists()


@pytest.mark.backend
def test_under_other_labels_is_what_the_vae_makes_of_them():
    plan = blueprint((8, 8, 1), 0, {**SMALL_NETS, "loss": "elbo", "condition": "labels"})
    vae = plan._replace(classes=3).build().vae
    x = ops.convert_to_tensor(some_images(4) / np.float32(255))

    def made(labels):
        return vae(x, keras.random.SeedGenerator(7), training=False, labels=labels)

    output = made(ops.convert_to_tensor(np.zeros(4, "int32")))
    every = np.repeat(np.arange(3, dtype="int32")[:, None], 4, axis=1)
    under = output.under(ops.convert_to_tensor(every))
    assert tuple(under.reconstruction.shape) == (12, 8, 8, 1)
    means = np.reshape(ops.convert_to_numpy(under.posterior.z_mean), (3, 4, -1))
    for label, labels in enumerate(every):
        alone = made(ops.convert_to_tensor(labels))
        theirs = ops.convert_to_numpy(alone.posterior.z_mean)
        np.testing.assert_allclose(means[label], theirs, rtol=1e-5, atol=1e-6)
    assert np.abs(means[0] - means[1]).max() > 0.01
    plain = blueprint((8, 8, 1), 0, {**SMALL_NETS, "loss": "elbo"}).build().vae
    assert plain(x, keras.random.SeedGenerator(7), training=False).under is None
