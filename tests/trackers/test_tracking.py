"""What trackers are told and when, and that none of them can end or hold up a training."""

from __future__ import annotations

import json
import threading
import time

import keras
import pytest

import vaekit
from tests.resume.runs import KillAt, Killed
from tests.trackers.conftest import Listening
from vaekit.errors import BuildError, OptionError, UnknownNameError, VaekitWarning
from vaekit.trainer import tracking

STEPS = 12  # an epoch


def test_a_tracker_is_told_of_the_whole_run(register, train):
    tracker = Listening()
    register(listening=tracker)
    run = train("listening", steps_per_call=5, encoder_opt={"width": 4})
    assert tracker.told[0] == ("start", 0, 0)
    assert [epoch for epoch, _ in tracker.of("epoch")] == [1, 2]
    assert [row for _, row in tracker.of("epoch")] == run.history
    steps = dict(tracker.of("step"))
    assert list(steps) == [5, 10, 12, 17, 22, 24]
    assert [steps[n]["loss"] for n in (12, 24)] == [row["loss"] for row in run.history]
    assert [what[0] for what in tracker.told[-2:]] == ["results", "end"]
    assert tracker.told[-2:] == [("results", 2), ("end", "complete")]
    assert tracker.threads.isdisjoint({threading.main_thread()})
    assert len(tracker.threads) == 1


@pytest.mark.pictures
def test_a_tracker_is_told_what_the_run_is_and_has_made(register, train):
    tracker = Listening()
    register(listening=tracker)
    run = train("listening", epochs=1, encoder_opt={"width": 4}, figures=True)
    facts, made = tracker.run, tracker.made
    assert (facts.name, facts.path, facts.steps_an_epoch) == ("run", run.path, STEPS)
    assert facts.folder.is_relative_to(run.path)
    assert facts.folder.is_dir()
    assert facts.options["encoder_opt.width"] == 4
    assert facts.options["track"] == "listening"
    assert facts.parts["encoder"].startswith("small@local")
    assert facts.versions == run.record.versions
    names = [path.name for path in made.pictures]
    assert names == sorted(names)
    assert {"latent.png", "loss.png", "training.gif"} <= set(names)
    assert made.report == run.path / "report.html"
    assert {path.name for path in made.models} >= {"VAE.keras", "VAE_decoder.keras"}
    assert made.points.shape == (len(made.images.pixels), 3)
    assert made.classes == tuple("0123456789")


class Failing(Listening):
    """Fails in one of its methods."""

    def __init__(self, where):
        super().__init__()
        self.where = where

    def note(self, *what):
        super().note(*what)
        if what[0] == self.where:
            raise SystemExit(f"no {self.where} today")


def test_trackers_that_fail_are_left_alone(register, train):
    failing = {where: Failing(where) for where in ("start", "step", "epoch", "results", "end")}
    other = Listening()
    register(**failing, other=other)
    with pytest.warns(VaekitWarning) as warned:
        run = train(",".join([*failing, "other"]))
    assert run.record.status == "complete"
    texts = [str(w.message) for w in warned if issubclass(w.category, VaekitWarning)]
    assert sorted(texts) == sorted(
        f"The tracker {where!r} is told nothing more: SystemExit: no {where} today"
        for where in failing
    )
    for where, tracker in failing.items():
        assert (tracker.told[-1][0], len(tracker.of(where))) == (where, 1)
    assert [row for _, row in other.of("epoch")] == run.history
    record = json.loads((run.path / "run.json").read_text())["trackers"]
    assert {name: about["failed"] for name, about in record.items()} == {
        **{where: f"SystemExit: no {where} today" for where in failing},
        "other": None,
    }
    assert record["other"]["part"]["name"] == "other"
    assert vaekit.load(run.path).record.trackers["start"].failed


def test_a_tracker_that_hangs_is_left_alone(register, train, monkeypatch):
    class Hanging(Listening):
        def epoch(self, epoch, step, row):
            event.wait()

    event = threading.Event()
    monkeypatch.setattr(tracking, "MOST_SECONDS", 0.5)
    register(hanging=Hanging())
    began = time.monotonic()
    with pytest.warns(VaekitWarning, match="'hanging' .* hasn't come back from a call"):
        run = train("hanging")
    event.set()
    assert time.monotonic() - began < 60
    assert run.record.status == "complete"
    assert "hasn't come back" in run.record.trackers["hanging"].failed


def test_training_is_the_same_to_the_bit(register, train, tmp_path):
    register(listening=Listening())
    tracked, bare = train("listening"), train("", out=tmp_path / "bare")
    timed = {"seconds", "images_per_s"}
    for one, other in zip(tracked.history, bare.history, strict=True):
        assert {k: one[k] for k in one.keys() - timed} == {k: other[k] for k in one.keys() - timed}
    assert "trackers" not in json.loads((bare.path / "run.json").read_text())
    assert not (bare.path / "tracking").exists()


def test_one_that_cannot_forget_is_told_what_a_checkpoint_holds(register, train, tmp_path):
    class Forgetful(Listening):
        takes_back = True

    lasting, forgetful = Listening(), Forgetful()
    register(lasting=lasting, forgetful=forgetful)
    with pytest.raises(Killed):
        train("lasting,forgetful", epochs=3, callbacks=[KillAt(STEPS + 4)])
    kept = 1 + max(step for step, _ in forgetful.of("step"))
    assert kept > STEPS
    assert max((step for step, _ in lasting.of("step")), default=0) <= STEPS
    assert lasting.told[-1] == ("end", "failed")

    resumed = Listening()
    register(lasting=resumed, forgetful=Forgetful())
    run = vaekit.resume(tmp_path / "run", progress=False)
    assert resumed.told[0] == ("start", 1, STEPS)
    assert list(resumed.run.history) == run.history[:1]
    assert resumed.run.folder == lasting.run.folder
    assert [row for _, row in resumed.of("epoch")] == run.history[1:]


class Stop(keras.callbacks.Callback):
    """Ends training after an epoch, before metrics are due."""

    def on_epoch_end(self, epoch, logs=None):
        self.model.stop_training = True


def test_what_is_measured_at_the_end_is_told(register, train):
    tracker = Listening()
    register(listening=tracker)
    run = train("listening", metric="image-error", callbacks=[Stop()])
    (_, first), (epoch, measured) = tracker.of("epoch")
    assert epoch == 1
    assert measured.keys() == {"val_image_error_mse", "val_image_error_psnr"}
    assert [{**first, **measured}] == run.history


def test_one_that_is_not_installed_is_refused_before_training(register, train, tmp_path):
    class Lacking(Listening):
        requires = ("nowhere_to_be_found",)
        installed_by = "vaekit[mlflow]"

    register(lacking=Lacking())
    with pytest.raises(BuildError, match=r"needs nowhere_to_be_found.*pip install 'vaekit\[mlfl"):
        train("lacking")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("track", "options", "error", "sentence"),
    [
        ("tensorbord", {}, UnknownNameError, "Did you mean 'tensorboard'"),
        ("tensorboard", {"x": 1}, OptionError, "no option 'x'"),
        ("tensorboard,mlflow", {"uri": "x"}, OptionError, "Of which tracker is the option 'uri'"),
        ("tensorboard", {"mlflow.uri": "x"}, OptionError, "tracker 'mlflow', which isn't asked"),
        ("wandb", {"mode": "loud"}, OptionError, "takes mode=offline|online, not 'loud'"),
    ],
)
def test_what_is_asked_wrongly_is_refused(train, tmp_path, track, options, error, sentence):
    with pytest.raises(error, match=sentence.replace("|", r"\|")):
        train(track, track_opt=options)
    assert not (tmp_path / "run").exists()


def test_what_makes_no_tracker_is_refused(register, train):
    register(text="a text")
    with pytest.raises(BuildError, match=r"must return a vaekit\.Tracker"):
        train("text")
