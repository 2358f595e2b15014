"""Samplers: fitted after training, saved with the run, read back, refitted, refused."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

import vaekit
from tests.bad_input.refusals import refused, usage_refused
from tests.cli.commands import cli
from tests.resume.runs import KillAt, Killed
from tests.samplers import TINY, OneNormal, one_normal
from vaekit.data import split
from vaekit.errors import BuildError, DataError, RunError, UnknownNameError, UserError
from vaekit.plugins import discover, discovery

pytestmark = pytest.mark.backend


class Flat(vaekit.distributions.StandardNormal):
    """N(0, I), as if it had no temperature."""

    def tempered(self, temperature):
        return None


class FlatPrior(vaekit.Prior):
    def distribution(self, size, posterior_of, condition=None):
        return Flat(size)


@pytest.fixture(scope="module", autouse=True)
def registered():
    """The parts of these tests, gone again afterwards."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(discovery, "_local_parts", dict(discovery._local_parts))
        vaekit.register_sampler("one-normal", one_normal, summary="A normal law of the codes.")
        vaekit.register_prior("flat", lambda latent_size, image_shape: FlatPrior())
        yield
        discover.cache_clear()


def train(out, **more):
    return vaekit.train(**{**TINY, "out": str(out), **more})


@pytest.fixture(scope="module")
def whole(tmp_path_factory, registered):
    return train(tmp_path_factory.mktemp("samplers") / "run", sampler="one-normal")


@pytest.fixture
def copy(whole, tmp_path):
    return vaekit.load(shutil.copytree(whole.path, tmp_path / "copy"))


def file_of(run):
    return run.path / "samplers" / "one-normal.npz"


def test_a_run_is_trained_with_one_and_samples_by_it(whole):
    part = whole.record.parts["sampler"]
    assert (part.name, part.options) == ("one-normal", {"wide": 1.0})
    assert whole.sampler_name == "one-normal"
    _, fitted = vaekit.load(whole.path).sampler()
    images, _ = split(whole.dataset(), share=0.1, seed=0, limit=40)
    codes = whole.latents(images)
    np.testing.assert_allclose(fitted.mean, codes.mean(0), atol=5e-3)
    np.testing.assert_allclose(fitted.scale, codes.std(0), rtol=1e-4)
    z = fitted.sample(4, 7)
    np.testing.assert_array_equal(whole.sample(4, seed=7), whole.decode(z))
    prior = whole.sample(4, seed=7, sampler="prior")
    assert not np.array_equal(prior, whole.sample(4, seed=7))


def test_its_file_says_whose_it_is_and_holds_no_pickle(whole):
    with np.load(file_of(whole), allow_pickle=False) as saved:
        assert sorted(saved.files) == ["about", "state/mean", "state/scale"]
        about = json.loads(str(saved["about"]))
    assert about["part"]["name"] == "one-normal"
    assert about["part"]["distribution"] == "local"
    assert about["images"] == 40
    listed = json.loads((whole.path / "manifest.json").read_text())["files"]
    assert "samplers/one-normal.npz" in listed


def test_fitted_again_with_the_same_options_it_is_the_same_file(copy):
    before = file_of(copy).read_bytes()
    copy.fit_sampler("one-normal", {"wide": 2.0})
    assert file_of(copy).read_bytes() != before
    assert copy.sampler()[0].options == {"wide": 2.0}
    copy.fit_sampler("one-normal")
    assert file_of(copy).read_bytes() == before


def test_temperature_narrows_and_is_checked(whole):
    _, fitted = whole.sampler()
    assert np.ptp(fitted.sample(50, 0, 0.1)) < np.ptp(fitted.sample(50, 0))
    cold = whole.sample(2, seed=1, temperature=0.5)
    np.testing.assert_array_equal(cold, whole.decode(fitted.sample(2, 1, 0.5)))
    for wrong in (0.0, -1.0, float("nan")):
        with pytest.raises(UserError, match="take more than 0"):
            whole.sample(2, temperature=wrong)
    noise = np.random.default_rng(3).standard_normal((5, 3)).astype("float32")
    cold = whole.sample(5, seed=3, sampler="prior", temperature=0.5)
    np.testing.assert_allclose(cold, whole.decode(0.5 * noise), atol=1e-6)


def test_without_a_temperature_another_than_1_is_refused(copy, monkeypatch):
    monkeypatch.setattr(OneNormal, "has_temperature", False)
    with pytest.raises(UserError, match="'one-normal' has no temperature: leave out temperature"):
        copy.sample(2, temperature=0.5)


def test_a_prior_without_one_refuses_it_too(tmp_path):
    run = train(tmp_path / "run", prior="flat")
    with pytest.raises(UserError, match="The prior is a Flat, whose spread no temperature scales"):
        run.sample(2, temperature=0.5)
    assert run.sample(2).shape == (2, 8, 8, 1)


def test_what_does_not_serve_is_refused_before_training(tmp_path, monkeypatch):
    monkeypatch.setattr(OneNormal, "supports", ("codes",))
    sentence = (
        "The sampler 'one-normal' is for z of support codes, and the latent 'normal' gives z of "
        "support real. Choose the sampler 'prior'"
    )
    with pytest.raises(BuildError, match=sentence):
        train(tmp_path / "run", sampler="one-normal")
    assert not (tmp_path / "run").exists()
    none = {"latent": "deterministic", "loss": "tutorial", "sampler": "prior"}
    with pytest.raises(BuildError, match="'prior' draws from the prior, and the latent 'determini"):
        train(tmp_path / "run", **none)
    assert not (tmp_path / "run").exists()


def test_a_plain_autoencoder_is_sampled_by_one(tmp_path):
    run = train(tmp_path / "run", latent="deterministic", sampler="one-normal")
    assert run.sample(3).shape == (3, 8, 8, 1)
    with pytest.raises(BuildError, match=r"Choose the sampler 'one-normal'"):
        run.sample(3, sampler="prior")


def test_other_weights_are_told(copy):
    longer = vaekit.resume(copy.path, epochs=3, progress=False)
    assert longer.sample(2).shape == (2, 8, 8, 1)  # that of the training was fitted again
    shutil.copy(file_of(longer), copy.path / "kept.npz")
    longest = vaekit.resume(copy.path, epochs=4, progress=False)
    shutil.copy(copy.path / "kept.npz", file_of(copy))
    (copy.path / "manifest.json").unlink()
    with pytest.raises(RunError, match=r"fitted on other weights .* run\.fit_sampler\('one-norm"):
        longest.sample(2)
    longest.fit_sampler("one-normal")
    assert longest.sample(2).shape == (2, 8, 8, 1)


def test_a_changed_byte_is_found(copy):
    content = bytearray(file_of(copy).read_bytes())
    content[-200] ^= 1
    file_of(copy).write_bytes(content)
    with pytest.raises(RunError, match=r"one-normal.npz is damaged: its SHA-256"):
        copy.sample(2)
    (copy.path / "manifest.json").unlink()
    with pytest.raises((RunError, DataError), match=r"one-normal.npz"):
        copy.sample(2)


def test_what_is_not_there_is_told(tmp_path, copy):
    with pytest.raises(UnknownNameError, match="There is no sampler 'nonsense'"):
        copy.sample(2, sampler="nonsense")
    with pytest.raises(UserError, match="The sampler 'prior' has nothing to fit: it is ready"):
        copy.fit_sampler("prior")
    shutil.rmtree(copy.path / "samplers")
    with pytest.raises(RunError, match=r"has no fitted sampler 'one-normal': run.fit_sampler"):
        copy.sample(2)
    assert copy.sample(2, sampler="prior").shape == (2, 8, 8, 1)


def test_not_installed_any_more(copy, monkeypatch):
    monkeypatch.delitem(discover().registry._parts["sampler"], "one-normal")
    with pytest.raises(RunError, match="sampler 'one-normal', which was registered by a call"):
        copy.sample(2)


def test_a_fit_that_fails_leaves_what_was_there(copy, monkeypatch):
    before = file_of(copy).read_bytes()

    def fail(self, encodings, seed):
        raise ZeroDivisionError("by nothing")

    monkeypatch.setattr(OneNormal, "fit", fail)
    with pytest.raises(BuildError, match=r"'one-normal' of local .* can't be fitted: ZeroDivision"):
        copy.fit_sampler("one-normal")
    assert file_of(copy).read_bytes() == before
    assert vaekit.load(copy.path).sample(2).shape == (2, 8, 8, 1)


def test_a_training_whose_fit_was_cut_goes_on_to_the_same_file(tmp_path, whole, monkeypatch):
    fit = OneNormal.fit

    def cut(self, encodings, seed):
        raise KeyboardInterrupt

    monkeypatch.setattr(OneNormal, "fit", cut)
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / "run", sampler="one-normal")
    run = vaekit.load(tmp_path / "run")
    assert run.record.status == "interrupted"
    assert not file_of(run).exists()
    with pytest.raises(RunError, match="has no fitted sampler 'one-normal'"):
        run.sample(2)
    monkeypatch.setattr(OneNormal, "fit", fit)
    resumed = vaekit.resume(tmp_path / "run", progress=False)
    assert resumed.record.status == "complete"
    assert file_of(resumed).read_bytes() == file_of(whole).read_bytes()


def test_killed_within_an_epoch_it_ends_with_the_same_file(tmp_path, whole):
    with pytest.raises(Killed):
        train(tmp_path / "run", sampler="one-normal", callbacks=[KillAt(7)])
    resumed = vaekit.resume(tmp_path / "run", progress=False)
    assert file_of(resumed).read_bytes() == file_of(whole).read_bytes()


def test_by_class_or_whatever_the_class(tmp_path, monkeypatch):
    seen = []
    sample = OneNormal.sample

    def noted(self, count, seed, temperature=1.0, labels=None):
        seen.append(labels)
        return sample(self, count, seed, temperature, labels)

    monkeypatch.setattr(OneNormal, "sample", noted)
    run = train(tmp_path / "run", condition="labels", sampler="one-normal")
    run.sample(4, labels=[3, 3, 1, 0])
    np.testing.assert_array_equal(seen.pop(), [3, 3, 1, 0])
    monkeypatch.setattr(OneNormal, "conditional", False)
    assert run.sample(4, labels=[3, 3, 1, 0]).shape == (4, 8, 8, 1)
    assert seen.pop() is None


def test_a_run_on_arrays_is_fitted_on_data_that_are_named(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (40, 8, 8, 1), "uint8")
    run = train(tmp_path / "run", data=images, sampler="one-normal")
    before = file_of(run).read_bytes()
    with pytest.raises(UserError, match="trained on an array: say which data"):
        run.fit_sampler("one-normal")
    run.fit_sampler("one-normal", data=images)
    assert file_of(run).read_bytes() == before
    run.fit_sampler("one-normal", data=images[:10])
    assert file_of(run).read_bytes() != before


def test_commands(tmp_path, copy):
    out = tmp_path / "samples.png"
    path = file_of(copy)
    assert cli("fit-sampler", copy.path, "one-normal", "--sampler-opt", "wide=0.5").endswith(
        f"{path}\n"
    )
    words = ("--sampler", "one-normal", "--temperature", "0.7", "--out", out)
    assert cli("sample", copy.path, "-n", 4, *words) == f"{out}\n"
    refusals = {
        ("fit-sampler", copy.path, "one-normal", "--sampler-opt", "thin=1"): "no option 'thin'",
        ("fit-sampler", copy.path, "nonsense"): "There is no sampler 'nonsense'",
        ("fit-sampler", tmp_path / "none", "one-normal"): "holds no run",
        ("sample", copy.path, "--sampler", "nonsense"): "There is no sampler 'nonsense'",
        ("sample", copy.path, "--condition", "1"): "has no condition, so leave out --condition",
    }
    for line, text in refusals.items():
        refused(tmp_path, *line, match=text)
    for wrong in ("0", "nan"):
        usage_refused(tmp_path, "sample", copy.path, "--temperature", wrong, match="--temperature")
