"""What a run tells of latents of other kinds, and with a condition."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

import vaekit
from tests.bad_input.refusals import refused
from tests.cli.commands import cli
from tests.parts import make_vae
from vaekit import inference
from vaekit.errors import BuildError, DataError, UserError
from vaekit.normal_latent import NormalLatent
from vaekit.types import Images

SMALL = {
    "data": "digits",
    "limit": 40,
    "epochs": 1,
    "encoder": "small-map",
    "decoder": "small",
    "figures": False,
    "progress": False,
}


@pytest.fixture(scope="module")
def by_class(tmp_path_factory):
    """A run whose z is a map, with a condition and a prior that goes by it."""
    return vaekit.train(
        **SMALL,
        latent_opt={"grid": True},
        loss="elbo",
        prior="mixture",
        condition="labels",
        out=str(tmp_path_factory.mktemp("by-class") / "run"),
    )


@pytest.fixture(scope="module")
def codes(tmp_path_factory):
    """A run of codes without noise, which has no prior."""
    return vaekit.train(
        **SMALL, latent="deterministic", out=str(tmp_path_factory.mktemp("codes") / "run")
    )


@pytest.fixture(scope="module")
def some(by_class):
    held = by_class.held_out(limit=5).images
    return held._replace(pixels=np.asarray(held.pixels))


def test_a_map_by_class_is_encoded_decoded_and_sampled(by_class, some):
    encoded = by_class.encode(some)
    assert encoded._fields == ("z_mean", "z_log_var")
    assert encoded.z_mean.shape == (5, *by_class.latent_shape)
    assert len(by_class.latent_shape) == 3
    np.testing.assert_array_equal(by_class.latents(some), encoded.z_mean)
    rebuilt = by_class.reconstruct(some)
    np.testing.assert_allclose(rebuilt, by_class.decode(encoded.z_mean, some.labels), atol=1e-6)
    ways = by_class.interpolate(some, steps=3)
    np.testing.assert_allclose(ways[:, 0], rebuilt[:-1], atol=1e-5)
    apart = by_class.interpolate(some.pixels, some.labels, steps=3)
    np.testing.assert_allclose(ways, apart, atol=1e-5)
    drawn = by_class.sample(12, seed=4)  # the ten classes in turn
    again = by_class.sample(12, seed=4, labels=np.arange(12) % 10)
    np.testing.assert_array_equal(drawn, again)
    assert not np.array_equal(drawn, by_class.sample(12, seed=4, labels=[3] * 12))


def test_scores_by_class_are_those_of_evaluation(by_class, some):
    result = by_class.evaluate((some.pixels, some.labels))
    scores = by_class.score(some)
    assert result["loss"] == pytest.approx(scores["loss"].mean(), rel=1e-5)
    others = by_class.score(some.pixels, (some.labels + 1) % 10)
    assert result["loss"] != pytest.approx(others["loss"].mean(), rel=1e-5)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda run, some: run.encode(some.pixels), r"class of each image .*there are no labels"),
        (lambda run, some: run.score(some.pixels), r"there are no labels"),
        (lambda run, some: run.evaluate(some.pixels), r"there are no labels"),
        (lambda run, some: run.decode(run.latents(some)), r"there are no labels"),
        (lambda run, some: run.encode(some.pixels, [0, 1, 2, 3, 10]), r"Label 10 of image 4 is no"),
        (lambda run, some: run.encode(some._replace(labels=-some.labels)), r"Label -\d of image"),
        (lambda run, some: run.sample(2, labels=[0, 12]), r"Label 12 of image 1 .* 0 to 9"),
        (lambda run, some: run.sample(2, labels=[0]), r"Labels are 1, but there are 2"),
        (lambda run, some: run.encode(some.pixels, [0.5] * 5), r"not whole numbers"),
    ],
)
def test_labels_that_lack_or_are_no_class_are_refused(by_class, some, call, text):
    with pytest.raises(DataError, match=text):
        call(by_class, some)


def test_classes_of_another_source_go_by_their_names(by_class, some):
    names = tuple(f"{digit}" for digit in "9876543210")
    other = vaekit.Dataset("other", Images(some.pixels, 9 - some.labels), classes=names)
    taken = by_class.dataset(other)
    np.testing.assert_array_equal(taken.train.labels, some.labels)
    assert taken.classes == tuple("0123456789")
    with pytest.raises(DataError, match=r"has the class 'cat', and the run was trained on '0', "):
        by_class.dataset(other._replace(classes=("cat", *names[1:])))


def test_codes_without_a_prior_are_told_and_not_sampled(codes, some):
    encoded = codes.encode(some)
    assert encoded._fields == ("z",)
    np.testing.assert_allclose(codes.reconstruct(some), codes.decode(encoded.z), atol=1e-6)
    assert list(codes.encoded(some)) == ["z"]
    with pytest.raises(UserError, match=r"draws from the prior, and the latent 'determ.* none"):
        codes.sample(3)
    assert not (codes.path / "VAE_prior.keras").exists()


@pytest.mark.parametrize("name", ["by_class", "codes"])
def test_what_is_no_vector_of_units_is_not_traversed(request, name):
    with pytest.raises(UserError, match="is no vector of values with a KL each"):
        request.getfixturevalue(name).traverse()


def test_a_run_is_read_back_as_it_was(by_class, some):
    again = vaekit.load(by_class.path)
    np.testing.assert_array_equal(again.sample(4), by_class.sample(4))
    np.testing.assert_array_equal(again.encode(some).z_mean, by_class.encode(some).z_mean)
    assert again.record.models_left_out == {}


def arrays(path):
    with h5py.File(path) as file:
        return {name: file[name][()] for name in file}


def test_what_is_encoded_by_class_is_decoded_by_class(by_class, some, tmp_path):
    np.savez(tmp_path / "some.npz", images=some.pixels[..., 0], labels=some.labels)
    z, out = tmp_path / "z.h5", tmp_path / "images.h5"
    parameters = cli("encode", by_class.path, "--data", tmp_path / "some.npz", "--out", z)
    assert parameters == f"{z}: z_mean and z_log_var of 5 images\n"
    assert arrays(z)["z_mean"].shape == (5, *by_class.latent_shape)
    cli("decode", by_class.path, z, "--out", out)
    np.testing.assert_allclose(arrays(out)["images"], by_class.reconstruct(some), atol=1e-5)
    with h5py.File(z, "a") as file:
        del file["labels"]
    line = ("decode", by_class.path, z, "--out", out)
    refused(tmp_path, *line, match="has no dataset 'labels', and the model goes by the class")
    with h5py.File(z, "a") as file:
        file["labels"] = [1, 2, 3]
    refused(tmp_path, *line, match="holds 3 labels of 5 latents")


def test_a_table_has_a_column_for_each_value_of_a_map(by_class, some, tmp_path):
    parts = [some]
    inference.encode_to_file(by_class, parts, tmp_path / "z.csv")
    header, *rows = (tmp_path / "z.csv").read_text().splitlines()
    size = by_class.latent_dim
    assert header.split(",")[2:] == [
        f"{name}_{at}" for name in ("z_mean", "z_log_var") for at in range(size)
    ]
    values = np.array([row.split(",")[2 : 2 + size] for row in rows], "float32")
    np.testing.assert_allclose(values, by_class.encode(some).z_mean.reshape(5, -1), atol=1e-5)


def test_codes_are_decoded_from_z(codes, some, tmp_path):
    inference.encode_to_file(codes, [some], tmp_path / "z.h5")
    assert "z_mean" not in arrays(tmp_path / "z.h5")
    cli("decode", codes.path, tmp_path / "z.h5", "--out", tmp_path / "images.h5")
    images = arrays(tmp_path / "images.h5")["images"]
    np.testing.assert_allclose(images, codes.reconstruct(some), atol=1e-5)


class Quantised:
    """Stands for a run of codes: an index of each image, and the z that it stands for."""

    def encoded(self, images):
        count = len(images.pixels)
        return {"indices": np.arange(count, dtype="int32"), "z": np.ones((count, 2), "float32")}


@pytest.mark.parametrize("name", ["z.h5", "z.npz", "z.csv"])
def test_indices_of_codes_stay_whole_numbers(some, tmp_path, name):
    count, names = inference.encode_to_file(Quantised(), [some, some], tmp_path / name)
    assert (count, names) == (10, ("indices", "z"))
    if name == "z.csv":
        rows = [line.split(",") for line in (tmp_path / name).read_text().splitlines()]
        assert rows[0] == ["index", "label", "indices", "z_0", "z_1"]
        assert [row[2] for row in rows[1:]] == [*"01234"] * 2
        return
    held = arrays(tmp_path / name) if name == "z.h5" else np.load(tmp_path / name)
    assert (held["indices"].dtype, held["z"].dtype) == (np.int32, np.float32)
    assert held["indices"].tolist() == [*range(5)] * 2


@pytest.mark.pictures
def test_commands_take_classes_where_the_run_goes_by_them(by_class, codes, tmp_path):
    out = tmp_path / "samples.png"
    assert cli("sample", by_class.path, "-n", 4, "--labels", "3,5", "--out", out) == f"{out}\n"
    refusals = {
        ("sample", by_class.path, "--labels", "3,10"): r"Label 10 of image \d+ is no class",
        ("traverse", by_class.path): f"{by_class.path} goes by the class of an image: say --label",
        ("traverse", codes.path, "--label", "1"): "has no condition, so leave out --label",
        ("sample", codes.path, "--labels", "1"): "has no condition, so leave out --condition",
        ("interpolate", by_class.path, "--labels", "1"): "needs a class for each image named",
    }
    for line, text in refusals.items():
        refused(tmp_path, *line, match=text)


@pytest.mark.parametrize(
    ("name", "text"),
    [("a-b", "Python name"), ("_z", "Python name"), ("label", "another column"), ("z", "point")],
)
def test_parameters_whose_names_fit_nowhere_are_refused(monkeypatch, name, text):
    monkeypatch.setattr(NormalLatent, "encoded", lambda self, of: {name: of["z_log_var"]})
    with pytest.raises(BuildError, match=text):
        make_vae((8, 8, 1), encoder_opt={"width": 4}, decoder_opt={"width": 4})
