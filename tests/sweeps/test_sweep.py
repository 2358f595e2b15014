"""Sweeps in the process that asks for them: what is trained, how often, and what is said of it."""

from __future__ import annotations

import signal
from pathlib import Path

import numpy as np
import optuna
import pytest

import vaekit
from tests import small_nets
from tests.sweeps.files import sweep_of
from vaekit.sweeps.store import Store
from vaekit.sweeps.worker import Outcome

QUIET = {"progress": False}


@pytest.fixture(scope="module")
def grid(tmp_path_factory):
    folder = tmp_path_factory.mktemp("grid") / "sweep"
    return vaekit.sweep(sweep_of(), out=folder, **QUIET)


@pytest.fixture
def pretended(monkeypatch):
    """No trial is trained: its value is its rate, and what there would be to see of it isn't."""

    def outcome(store, claim, data):
        store.started("")
        return Outcome("complete", claim.values.get("learning_rate", 1.0), 1)

    monkeypatch.setattr("vaekit.sweeps.worker._outcome", outcome)


@pytest.fixture
def begun(tmp_path):
    """A sweep that has begun, of which no trial has."""

    def begin(**changes):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("vaekit.sweeps.worker.work", lambda *_: None)
            vaekit.sweep(sweep_of(**changes), out=tmp_path / "sweep", **QUIET)
        return tmp_path / "sweep"

    return begin


def _opened(folder):
    store = Store(folder)
    store.open()
    return store


def test_a_grid_has_a_run_for_each_point(grid):
    assert [(t.values, t.state) for t in grid.trials] == [
        ({"latent_dim": 2}, "complete"),
        ({"latent_dim": 3}, "complete"),
    ]
    for trial, run in zip(grid.trials, vaekit.runs(grid.folder), strict=True):
        assert run.path == trial.path
        assert (run.state, run.epochs) == ("complete", (2, 2))
        assert run.best["elbo"] == trial.value
    compared = vaekit.compare(grid.folder)
    assert list(compared.rows[0].options) == ["latent_dim"]


def test_the_best_is_so_by_the_metric_and_can_be_trained_again(grid, tmp_path):
    best = grid.best
    assert best.value == max(t.value for t in grid.trials)
    again = vaekit.train(**grid.settings(best), figures=False, out=tmp_path / "again", **QUIET)
    assert again.record.training.last_epoch["val_elbo"] == best.value
    words = grid.command(best)
    assert words.startswith("vaekit train")
    assert f"--latent-dim {best.values['latent_dim']}" in words


def test_a_second_start_trains_nothing_and_says_the_same(grid, monkeypatch):
    monkeypatch.setattr("vaekit.trainer.session.Session.run", lambda self: pytest.fail("trained"))
    assert vaekit.sweep(sweep_of(), out=grid.folder, **QUIET) == grid


def test_a_changed_sweep_is_refused(grid):
    with pytest.raises(vaekit.UserError, match=r"begun with: axes was .*Put it back to go on"):
        vaekit.sweep(sweep_of(axes={"latent_dim": [2]}), out=grid.folder, **QUIET)
    with pytest.raises(vaekit.UserError, match="begun with: metric was 'val_elbo'"):
        vaekit.sweep(sweep_of(), metric="val_loss", out=grid.folder, **QUIET)


def test_one_that_has_trained_nothing_may_still_be_changed(begun, pretended):
    folder = begun()
    swept = vaekit.sweep(sweep_of(axes={"latent_dim": [5]}), out=folder, **QUIET)
    assert [t.values for t in swept.trials] == [{"latent_dim": 5}]


def test_what_is_no_folder_of_a_sweep_is_refused(tmp_path):
    (tmp_path / "letter.txt").write_text("mine")
    with pytest.raises(vaekit.RunError, match="holds something else than a sweep"):
        vaekit.sweep(sweep_of(), out=tmp_path, **QUIET)
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


def test_refused_and_diverged_trials_are_told_and_the_sweep_goes_on(tmp_path, capsys):
    axes = {"latent_opt": {"grid": [True, False]}, "learning_rate": [1e30]}
    swept = vaekit.sweep(sweep_of(axes=axes), out=tmp_path / "sweep")
    assert [t.state for t in swept.trials] == ["failed", "failed"]
    assert swept.best is None
    assert "with grid=true needs features that are a map" in swept.trials[0].why
    assert not swept.trials[0].path.exists()
    assert "Training diverged" in swept.trials[1].why
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:3] for line in lines] == [
        ["[1/2]", "trial-000", "failed:"],
        ["[2/2]", "trial-001", "failed:"],
    ]
    assert vaekit.runs(swept.folder)[0].state == "failed"


def test_an_error_that_nobody_foresaw_fails_its_trial_and_is_kept(tmp_path, monkeypatch):
    def train_one(config, *_, **__):
        raise ZeroDivisionError("by the part")

    monkeypatch.setattr("vaekit.sweeps.worker.train_one", train_one)
    swept = vaekit.sweep(sweep_of(), out=tmp_path / "sweep", **QUIET)
    assert [t.state for t in swept.trials] == ["failed", "failed"]
    assert swept.trials[0].why.startswith("ZeroDivisionError: by the part")
    assert "in train_one\n" in (tmp_path / "sweep" / "trial-000.error.txt").read_text()


def test_what_is_wrong_with_all_trials_ends_the_sweep_and_loses_none(tmp_path, monkeypatch):
    def train_one(config, *_, **__):
        raise vaekit.DataError("No image can be read.")

    with monkeypatch.context() as patch:
        patch.setattr("vaekit.sweeps.worker.train_one", train_one)
        with pytest.raises(vaekit.DataError, match="No image"):
            vaekit.sweep(sweep_of(), out=tmp_path / "sweep", **QUIET)
    claim = _opened(tmp_path / "sweep").claim()
    assert (claim.number, claim.values) == (0, {"latent_dim": 2})


@pytest.mark.parametrize("sampler", ["random", "tpe"])
def test_ranges_are_drawn_from_and_each_trial_draws_its_own(tmp_path, pretended, sampler):
    axes = {
        "learning_rate": {"low": 1e-4, "high": 1e-2, "log": True},
        "latent_dim": {"low": 2, "high": 8, "step": 2},
    }
    values = sweep_of(axes=axes, sampler=sampler, trials=6)
    swept = vaekit.sweep(values, out=tmp_path / "sweep", **QUIET)
    other = vaekit.sweep(values, out=tmp_path / "other", **QUIET)
    rates = [t.values["learning_rate"] for t in swept.trials]
    assert len(set(rates)) == 6
    assert all(1e-4 <= rate <= 1e-2 for rate in rates)
    assert {t.values["latent_dim"] for t in swept.trials} <= {2, 4, 6, 8}
    assert [t.values for t in other.trials] == [t.values for t in swept.trials]


def test_less_is_better_where_it_is_so(tmp_path, pretended):
    values = sweep_of(axes={"learning_rate": [1e-2, 1e-7]}, metric="val_mse")
    swept = vaekit.sweep(values, out=tmp_path / "sweep", **QUIET)
    assert [t.number for t in swept.ranked] == [1, 0]


def test_halving_ends_the_worse_and_their_records_say_so(tmp_path):
    # The first is the best, so that what comes after it is pruned.
    values = sweep_of(
        axes={"learning_rate": [1e-2, 1e-7]},
        pruning={"min_epochs": 1, "reduction": 2},
        run={"epochs": 3},
    )
    swept = vaekit.sweep(values, out=tmp_path / "sweep", **QUIET)
    assert [(t.state, t.epochs) for t in swept.trials] == [("complete", 3), ("pruned", 1)]
    assert swept.best.number == 0
    run = vaekit.runs(swept.folder)[1]
    assert (run.state, run.why) == ("interrupted", "by pruning")
    remarks = " ".join(vaekit.compare(swept.folder).remarks)
    assert "trial-001 was interrupted after epoch 1 of 3, by pruning." in remarks


def test_a_trial_that_was_cut_while_it_was_pruned_is_pruned(begun, monkeypatch):
    folder = begun(pruning=True)
    store = _opened(folder)
    claim = store.claim()
    store.report(1, -5.0)
    monkeypatch.setattr("optuna.trial.Trial.should_prune", lambda self: True)
    assert store.to_prune()
    store.put_back(claim)
    monkeypatch.setattr("vaekit.sweeps.worker._trained", lambda *_: Outcome("failed"))
    swept = vaekit.sweep(sweep_of(pruning=True), out=folder, **QUIET)
    assert [(t.state, t.value, t.epochs) for t in swept.trials] == [
        ("pruned", -5.0, 1),
        ("failed", None, 0),
    ]


def test_a_signal_ends_it_and_it_goes_on_where_it_was(grid, tmp_path, monkeypatch):
    steps = []

    def took(self, count, seconds):
        steps.append(count)
        if sum(steps) == 7:  # within the second trial's second epoch
            signal.raise_signal(signal.SIGTERM)

    values = sweep_of(run={"steps_per_call": 1})
    with monkeypatch.context() as patch:
        patch.setattr("vaekit.engine.pace.Pace.took", took)
        cut = vaekit.sweep(values, out=tmp_path / "cut", **QUIET)
    assert (cut.stopped_by, cut.left) == ("SIGTERM", 1)
    assert [t.state for t in cut.trials] == ["complete", "unfinished"]
    run = vaekit.runs(cut.folder)[1]
    assert (run.state, run.why) == ("interrupted", "by SIGTERM")
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    done = vaekit.sweep(values, out=tmp_path / "cut", **QUIET)
    assert (done.stopped_by, done.left) == (None, 0)
    assert [t.value for t in done.trials] == [t.value for t in grid.trials]
    assert vaekit.runs(cut.folder)[1].state == "complete"


def test_what_a_dead_process_left_is_taken_up_once(begun, pretended):
    """As between a trial's making and its folder's: begun, and nobody's."""
    folder = begun()
    first, second, third = (_opened(folder) for _ in range(3))
    claims = [first.claim(), second.claim()]
    assert [claim.number for claim in claims] == [0, 1]
    assert third.claim() is None  # both are held
    first.put_back(claims[0])
    second.put_back(claims[1])
    swept = vaekit.sweep(sweep_of(), out=folder, **QUIET)
    assert [(t.number, t.state) for t in swept.trials] == [(0, "complete"), (1, "complete")]
    assert swept.trials[0].values == {"latent_dim": 2}


def test_a_trial_that_ends_its_process_again_and_again_is_given_up(begun, monkeypatch):
    folder = begun()
    store = _opened(folder)
    for _ in range(5):
        claim = store.claim()
        assert claim.number == 0
        store.started("")
        store.put_back(claim)
    monkeypatch.setattr("vaekit.sweeps.worker._trained", lambda *_: Outcome("complete", 1.0, 1))
    swept = vaekit.sweep(sweep_of(), out=folder, **QUIET)
    assert [t.state for t in swept.trials] == ["failed", "complete"]
    assert swept.trials[0].why == "Its process ended 5 times before its first checkpoint."


def test_arrays_are_trained_on_in_this_process_alone(tmp_path, digits, monkeypatch):
    given = []

    def outcome(store, claim, data):
        given.append(data)
        return Outcome("complete", 1.0, 1)

    monkeypatch.setattr("vaekit.sweeps.worker._outcome", outcome)
    values = sweep_of()
    del values["run"]["data"]
    vaekit.sweep(values, out=tmp_path / "sweep", data=digits, **QUIET)
    assert all(np.array_equal(data, digits) for data in given)
    assert len(given) == 2
    with pytest.raises(vaekit.UserError, match="Arrays stay in this process"):
        vaekit.sweep(values, out=tmp_path / "two", data=digits, jobs=2, **QUIET)


@pytest.mark.parametrize(
    "values",
    [
        sweep_of(),  # of small nets
        {"run": {"data": "digits"}, "axes": {"decoder": ["deconv4", "small"]}},
    ],
    ids=["fixed", "axis"],
)
def test_a_part_of_a_call_is_refused_where_others_train(tmp_path, values):
    said = (
        r"coder 'small' was registered by a call .*a file, and load that with vaekit\.load_plugin"
    )
    with pytest.raises(vaekit.UserError, match=said):
        vaekit.sweep(values, out=tmp_path / "sweep", jobs=2, **QUIET)
    assert not (tmp_path / "sweep").exists()


@pytest.mark.slow
def test_a_part_of_a_file_is_there_where_others_train(tmp_path, registering):
    file = tmp_path / "filed.py"
    file.write_text(Path(small_nets.__file__).read_text().replace('"small', '"filed'))
    vaekit.load_plugin(file)
    values = sweep_of(run={"encoder": "filed", "decoder": "filed", "epochs": 1})
    swept = vaekit.sweep(values, out=tmp_path / "sweep", jobs=2, **QUIET)
    assert [trial.state for trial in swept.trials] == ["complete", "complete"]


def test_optuna_reads_the_storage_and_its_settings_are_left_alone(grid):
    assert optuna.logging.get_verbosity() == optuna.logging.INFO
    study = optuna.load_study(study_name=None, storage=f"sqlite:///{grid.folder}/sweep.db")
    assert study.best_trial.number == grid.best.number
