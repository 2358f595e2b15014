"""Sweeps in the process that asks for them: what is trained, how often, and what is said of it."""

from __future__ import annotations

import signal

import numpy as np
import optuna
import pytest

import vaekit
from tests.sweeps.files import sweep_of
from vaekit.sweeps.store import Store

QUIET = {"progress": False}


@pytest.fixture(scope="module")
def grid(tmp_path_factory):
    folder = tmp_path_factory.mktemp("grid") / "sweep"
    axes = {"latent_dim": [2, 3], "loss_opt": {"beta": [1.0, 4.0]}}
    return vaekit.sweep(sweep_of(axes=axes), out=folder, **QUIET)


def test_a_grid_has_a_run_for_each_point(grid):
    assert [(t.values["latent_dim"], t.values["loss_opt.beta"]) for t in grid.trials] == [
        (2, 1.0),
        (2, 4.0),
        (3, 1.0),
        (3, 4.0),
    ]
    assert {t.state for t in grid.trials} == {"complete"}
    for trial, run in zip(grid.trials, vaekit.runs(grid.folder), strict=True):
        assert run.path == trial.path
        assert (run.state, run.epochs) == ("complete", (2, 2))
        assert run.best["elbo"] == trial.value
    compared = vaekit.compare(grid.folder)
    assert list(compared.rows[0].options) == ["latent_dim", "loss_opt.beta"]


def test_the_best_is_so_by_the_metric_and_can_be_trained_again(grid, tmp_path):
    best = grid.best
    assert best.value == max(t.value for t in grid.trials)
    again = vaekit.train(**grid.settings(best), out=tmp_path / "again", **QUIET)
    assert again.record.training.last_epoch["val_elbo"] == best.value
    words = grid.command(best)
    assert words.startswith("vaekit train")
    assert f"--latent-dim {best.values['latent_dim']}" in words
    assert f"--loss-opt beta={best.values['loss_opt.beta']}" in words


def test_a_second_start_trains_nothing_and_says_the_same(grid, monkeypatch):
    monkeypatch.setattr("vaekit.trainer.session.Session.run", lambda self: pytest.fail("trained"))
    again = vaekit.sweep(
        sweep_of(axes={"latent_dim": [2, 3], "loss_opt": {"beta": [1.0, 4.0]}}),
        out=grid.folder,
        **QUIET,
    )
    assert again == grid


def test_a_changed_sweep_is_refused(grid):
    with pytest.raises(vaekit.UserError, match=r"begun with: axes was .*Put it back to go on"):
        vaekit.sweep(sweep_of(axes={"latent_dim": [2]}), out=grid.folder, **QUIET)
    with pytest.raises(vaekit.UserError, match="begun with: metric was 'val_elbo'"):
        vaekit.sweep(
            sweep_of(axes={"latent_dim": [2, 3], "loss_opt": {"beta": [1.0, 4.0]}}),
            metric="val_loss",
            out=grid.folder,
            **QUIET,
        )


def test_what_is_no_folder_of_a_sweep_is_refused(tmp_path):
    (tmp_path / "letter.txt").write_text("mine")
    with pytest.raises(vaekit.RunError, match="holds something else than a sweep"):
        vaekit.sweep(sweep_of(), out=tmp_path, **QUIET)
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


def test_refused_and_diverged_trials_are_told_and_the_sweep_goes_on(tmp_path, capsys):
    axes = {"latent": ["deterministic", "normal"], "learning_rate": [1e-3, 1e30]}
    swept = vaekit.sweep(sweep_of(axes=axes), out=tmp_path / "sweep")
    assert [t.state for t in swept.trials] == ["failed", "failed", "complete", "failed"]
    assert "'deterministic'" in swept.trials[0].why
    assert not swept.trials[0].path.exists()
    assert "Training diverged" in swept.trials[3].why
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:3] for line in lines] == [
        ["[1/4]", "trial-000", "failed:"],
        ["[2/4]", "trial-001", "failed:"],
        ["[3/4]", "trial-002", "complete:"],
        ["[4/4]", "trial-003", "failed:"],
    ]
    left_out = vaekit.compare(swept.folder).left_out
    assert len(left_out) == 1
    assert "trial-003" in left_out[0]


def test_an_error_that_nobody_foresaw_fails_one_trial_and_is_kept(tmp_path, monkeypatch):
    train = vaekit.trainer.session.Session.run

    def run(self):
        if self.config.latent_dim == 2:
            raise ZeroDivisionError("by the part")
        return train(self)

    monkeypatch.setattr("vaekit.trainer.session.Session.run", run)
    swept = vaekit.sweep(sweep_of(), out=tmp_path / "sweep", **QUIET)
    assert [t.state for t in swept.trials] == ["failed", "complete"]
    assert swept.trials[0].why.startswith("ZeroDivisionError: by the part")
    assert "in run\n" in (tmp_path / "sweep" / "trial-000.error.txt").read_text()


@pytest.mark.parametrize("sampler", ["random", "tpe"])
def test_ranges_are_drawn_from_and_each_trial_draws_its_own(tmp_path, sampler):
    axes = {
        "learning_rate": {"low": 1e-4, "high": 1e-2, "log": True},
        "latent_dim": {"low": 2, "high": 8, "step": 2},
    }
    values = sweep_of(axes=axes, sampler=sampler, trials=4, run={"epochs": 1})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("vaekit.sweeps.worker._outcome", _pretended)
        swept = vaekit.sweep(values, out=tmp_path / "sweep", **QUIET)
        other = vaekit.sweep(values, out=tmp_path / "other", **QUIET)
    rates = [t.values["learning_rate"] for t in swept.trials]
    assert len(set(rates)) == 4
    assert all(1e-4 <= rate <= 1e-2 for rate in rates)
    assert {t.values["latent_dim"] for t in swept.trials} <= {2, 4, 6, 8}
    assert [t.values for t in other.trials] == [t.values for t in swept.trials]


def _pretended(store, claim, data):
    from vaekit.sweeps.worker import Outcome

    return Outcome("complete", -claim.values["learning_rate"], 1)


def test_halving_ends_the_worse_and_their_records_say_so(tmp_path):
    # The first is the best, so that what comes after it is pruned.
    axes = {"learning_rate": [1e-2, 1e-6, 1e-7]}
    values = sweep_of(axes=axes, pruning={"min_epochs": 1, "reduction": 2}, run={"epochs": 4})
    swept = vaekit.sweep(values, out=tmp_path / "sweep", **QUIET)
    assert [(t.state, t.epochs) for t in swept.trials] == [
        ("complete", 4),
        ("pruned", 1),
        ("pruned", 1),
    ]
    assert swept.best.number == 0
    runs = vaekit.runs(swept.folder)
    assert [(run.state, run.why) for run in runs[1:]] == [("interrupted", "by pruning")] * 2
    remarks = " ".join(vaekit.compare(swept.folder).remarks)
    assert "trial-001 was interrupted after epoch 1 of 4, by pruning." in remarks
    run = vaekit.resume(swept.trials[1].path, **QUIET)
    assert (run.record.status, run.record.stopped_by) == ("complete", None)


def test_less_is_better_where_it_is_so(tmp_path):
    values = sweep_of(axes={"learning_rate": [1e-7, 1e-2]}, metric="val_mse")
    swept = vaekit.sweep(values, out=tmp_path / "sweep", **QUIET)
    assert swept.best.number == 1
    assert swept.best.value == min(t.value for t in swept.trials)


def test_a_signal_ends_it_and_it_goes_on_where_it_was(tmp_path, monkeypatch, capsys):
    whole = vaekit.sweep(sweep_of(), out=tmp_path / "whole", **QUIET)
    steps = []

    def took(self, count, seconds):
        steps.append(count)
        if sum(steps) == 7:  # within the second trial's second epoch
            signal.raise_signal(signal.SIGTERM)

    values = sweep_of(run={"steps_per_call": 1})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("vaekit.engine.pace.Pace.took", took)
        cut = vaekit.sweep(values, out=tmp_path / "cut", **QUIET)
    assert (cut.stopped_by, cut.left) == ("SIGTERM", 1)
    assert [t.state for t in cut.trials] == ["complete", "unfinished"]
    run = vaekit.runs(cut.folder)[1]
    assert (run.state, run.why) == ("interrupted", "by SIGTERM")
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    done = vaekit.sweep(values, out=tmp_path / "cut", **QUIET)
    assert (done.stopped_by, done.left) == (None, 0)
    assert [t.value for t in done.trials] == [t.value for t in whole.trials]
    assert vaekit.load(done.trials[1].path).record.stopped_by is None


def test_what_a_dead_process_left_is_taken_up_once(tmp_path):
    """As it is between making a trial and its folder: begun, and nobody's."""
    values = sweep_of(run={"epochs": 1})
    store = Store(tmp_path / "sweep")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("vaekit.sweeps.start._start_backend", lambda *_: None)
        patch.setattr("vaekit.sweeps.worker.work", lambda *_: None)
        vaekit.sweep(values, out=tmp_path / "sweep", **QUIET)
    store.open()
    first = store.claim()
    other = Store(tmp_path / "sweep")
    other.open()
    second = other.claim()
    assert (first.number, second.number) == (0, 1)
    third = Store(tmp_path / "sweep")
    third.open()
    assert third.claim() is None  # both are held
    store.put_back(first)
    other.put_back(second)
    swept = vaekit.sweep(values, out=tmp_path / "sweep", **QUIET)
    assert [(t.number, t.state) for t in swept.trials] == [(0, "complete"), (1, "complete")]


def test_a_trial_that_ends_its_process_again_and_again_is_given_up(tmp_path):
    values = sweep_of(run={"epochs": 1})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("vaekit.sweeps.worker.work", lambda *_: None)
        vaekit.sweep(values, out=tmp_path / "sweep", **QUIET)
    store = Store(tmp_path / "sweep")
    store.open()
    for _ in range(5):
        claim = store.claim()
        assert claim.number == 0
        store.started("")
        store.put_back(claim)
    swept = vaekit.sweep(values, out=tmp_path / "sweep", **QUIET)
    assert [t.state for t in swept.trials] == ["failed", "complete"]
    assert swept.trials[0].why == "Its process ended 5 times before its first checkpoint."


def test_arrays_are_trained_on_in_this_process_alone(tmp_path, digits):
    pixels = np.concatenate([digits] * 4)
    values = sweep_of(run={"epochs": 1}, axes={"latent_dim": [2]})
    del values["run"]["data"]
    swept = vaekit.sweep(values, out=tmp_path / "sweep", data=pixels, **QUIET)
    assert swept.best is not None
    with pytest.raises(vaekit.UserError, match="Arrays stay in this process"):
        vaekit.sweep(values, out=tmp_path / "two", data=pixels, jobs=2, **QUIET)


def test_optuna_reads_the_storage_and_its_settings_are_left_alone(grid):
    assert optuna.logging.get_verbosity() == optuna.logging.INFO
    study = optuna.load_study(study_name=None, storage=f"sqlite:///{grid.folder}/sweep.db")
    assert study.best_trial.number == grid.best.number
