"""Files of sweeps that can't be: a sentence with the file and the key, before anything runs."""

from __future__ import annotations

import sys

import pytest
from click.testing import CliRunner

import vaekit
from tests.sweeps.files import sweep_of, written
from vaekit.cli import main

BAD = {
    "an unknown key": ({"metrics": "val_elbo"}, "sweep.toml: there is no key 'metrics'. Did you"),
    "no axes": ({"axes": {}}, "sweep.toml, axes names nothing to vary."),
    "an axis without values": ({"axes": {"seed": []}}, "sweep.toml, axes: seed has no values."),
    "one value": ({"axes": {"seed": 3}}, "sweep.toml, axes: seed is one value, 3."),
    "a value twice": ({"axes": {"seed": [1, 2, 1]}}, "axes: seed has 1 twice."),
    "a value of no use": ({"axes": {"seed": [[1]]}}, "axes: seed can't be [1]."),
    "an unknown field": (
        {"axes": {"latent_dims": [2]}},
        "sweep.toml, axes: there is no option 'latent_dims'. Did you mean 'latent_dim'?",
    ),
    "an unknown setting": (
        {"run": {"epoch": 2}},
        "sweep.toml, run: there is no option 'epoch'. Did you mean 'epochs'?",
    ),
    "a setting that can't be": ({"run": {"epochs": 0}}, "sweep.toml, run: epochs can't be 0"),
    "a value that can't be": (
        {"axes": {"latent_dim": [2, 0]}},
        "sweep.toml, axes, latent_dim = 0: latent_dim can't be 0",
    ),
    "an unknown part": (
        {"axes": {"loss": ["elbo", "elbow"]}},
        "sweep.toml, axes, loss = 'elbow': ",
    ),
    "an unknown preset": ({"axes": {"preset": ["tutorail"]}}, "preset can't be 'tutorail'"),
    "an unknown option": (
        {"axes": {"loss_opt": {"bta": [1]}}},
        "The loss 'beta' has no option 'bta'",
    ),
    "several workers": ({"run": {"workers": 2}}, "run: --workers 2 starts processes for one run"),
    "data that aren't there": ({"run": {"data": "mnits"}}, "sweep.toml, run: "),
    "options that are no table": ({"axes": {"loss_opt": [1]}}, "loss_opt is a table of options"),
    "what a process has one of": (
        {"axes": {"backend": ["jax", "torch"]}},
        "backend can't be an axis: a process has one",
    ),
    "what changes nothing": ({"axes": {"out": ["a"]}}, "out can't be an axis: it changes nothing"),
    "a folder": ({"run": {"out": "a"}}, "run: each trial has a folder of its own"),
    "a range of a grid": (
        {"axes": {"latent_dim": {"low": 2, "high": 4}}},
        "axes: latent_dim is a range, and a grid needs a list",
    ),
    "a range the wrong way": (
        {"sampler": "tpe", "trials": 2, "axes": {"latent_dim": {"low": 4, "high": 2}}},
        "axes: latent_dim: low, 4, is to be below high, 2.",
    ),
    "a range without an end": (
        {"sampler": "tpe", "trials": 2, "axes": {"latent_dim": {"low": 4}}},
        "axes: latent_dim.high is to be a number.",
    ),
    "a range of what is whole": (
        {"sampler": "tpe", "trials": 2, "axes": {"latent_dim": {"low": 2.0, "high": 8.0}}},
        "latent_dim can't be 4.286",
    ),
    "trials of a grid": ({"trials": 3}, "trials is for random and tpe"),
    "no trials": ({"sampler": "random"}, "say how many trials random takes"),
    "an unknown sampler": ({"sampler": "bayes"}, "sweep.toml: sampler can't be 'bayes'"),
    "pruning that can't be": (
        {"pruning": {"reduction": 1}},
        "sweep.toml, pruning: reduction can't be 1",
    ),
    "an unknown key of pruning": (
        {"pruning": {"reductoin": 2}},
        "sweep.toml, pruning: there is no key 'reductoin'. Did you mean 'reduction'?",
    ),
    "a metric of unknown direction": (
        {"metric": "val_mig"},
        "sweep.toml: whether 'val_mig' is better higher or lower isn't known.",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_file_is_a_sentence(case, tmp_path, monkeypatch):
    changes, sentence = BAD[case]
    monkeypatch.chdir(tmp_path)
    written(tmp_path, **changes)
    done = CliRunner().invoke(main, ["sweep", "sweep.toml", "--out", "out"])
    assert done.exit_code == 2, done.output
    assert sentence in done.output
    assert done.output.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_file_that_is_none_is_a_sentence(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for text, sentence in {None: "Can't read the sweep file", "axes = [": "not valid TOML"}.items():
        if text is not None:
            (tmp_path / "sweep.toml").write_text(text)
        done = CliRunner().invoke(main, ["sweep", "sweep.toml"])
        assert done.exit_code == 2
        assert sentence in done.output


def test_a_value_that_only_some_combinations_can_have_is_none_of_the_file(tmp_path, monkeypatch):
    monkeypatch.setattr("vaekit.sweeps.worker.work", lambda *_: None)
    # Half of the labels are used only where there is a condition, which is an axis.
    axes = {"condition": ["labels"], "latent_dim": [2, 3]}
    values = sweep_of(axes=axes, run={"label_fraction": 0.5})
    assert vaekit.sweep(values, out=tmp_path / "out", progress=False).left == 2


def test_without_the_library_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(vaekit.UserError, match=r"pip install 'vaekit\[sweep\]'"):
        vaekit.sweep(sweep_of(), out=tmp_path / "out")
