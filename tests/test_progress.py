"""What a person reads while a run trains: what the numbers are, and that something moves."""

from __future__ import annotations

import sys
import types

import pytest

from tests.parts import blueprint
from vaekit.distributions import Gaussian
from vaekit.loss import Loss, needs_of
from vaekit.model import Context, build_part
from vaekit.trainer import progress
from vaekit.trainer.bars import Bar
from vaekit.trainer.legend import legend
from vaekit.trainer.notebook_bar import NotebookBar, duration
from vaekit.trainer.progress import Lines, default_progress

ROW = {
    **{"epoch": 2, "seconds": 12.34, "images_per_s": 4950.4, "loss": 44.68},
    **{"reconstruction": 38.24, "weighted_kl": 6.44, "kl": 3.22, "elbo": 6.65, "kl_weight": 2.0},
    **{"active_units": 2, "kl_dim_0": 1.0, "val_loss": 40.1, "val_elbo": 9.1, "val_mse": 0.04},
}
TERMS = ("reconstruction", "weighted_kl")


@pytest.fixture
def clock(monkeypatch):
    now = types.SimpleNamespace(seconds=1000.0)
    monkeypatch.setattr("time.monotonic", lambda: now.seconds)
    return now


def begun(kind, **more):
    made = kind()
    made.start(**{"epochs": 20, "images": 1000, "may_stop": False, "terms": TERMS, **more})
    return made


def test_an_epoch_says_what_the_loss_is_the_sum_of_and_what_is_in_nats(capsys):
    begun(Lines).epoch_end(1, ROW)
    first, second = capsys.readouterr().out.splitlines()
    assert first == "epoch 2/20  loss 44.68 (val 40.10) = reconstruction 38.24 + weighted_kl 6.44"
    assert second == (
        "  kl 3.22 nats  elbo 6.65 (val 9.10) nats  kl_weight 2.00  active_units 2"
        "  12.3 s  4,950 images/s"
    )


def test_where_training_may_stop_no_number_of_epochs_is_promised(capsys):
    begun(Lines, may_stop=True).epoch_end(1, ROW)
    assert capsys.readouterr().out.startswith("epoch 2 (at most 20)  loss ")


def test_a_long_epoch_has_a_line_each_half_a_minute(capsys, clock):
    lines = begun(Lines)
    for second in range(100):
        clock.seconds = 1000.0 + second
        lines.advance(0, 10 * second, 10.0, {"loss": 50.0})
    said = capsys.readouterr().out.splitlines()
    assert said == [
        f"  epoch 1/20   {percent}%  10 images/s  loss 50.00" for percent in (30, 60, 90)
    ]
    lines.epoch_end(0, ROW)
    clock.seconds += 29
    lines.advance(1, 10, 10.0, {"loss": 50.0})
    assert len(capsys.readouterr().out.splitlines()) == 2


class FakeHandle:
    def __init__(self):
        self.shown = []

    def update(self, bundle, *, raw):
        assert raw
        self.shown.append(bundle)


@pytest.fixture
def kernel(monkeypatch):
    """IPython as a notebook's kernel has it, and the display that it makes."""
    handle = FakeHandle()

    def display(bundle, *, raw, display_id):
        assert raw
        assert display_id
        handle.shown.append(bundle)
        return handle

    ipython = types.ModuleType("IPython")
    ipython.get_ipython = lambda: types.SimpleNamespace(kernel=object())
    ipython.display = types.SimpleNamespace(display=display)
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    return handle


def test_a_notebook_has_a_bar(kernel, clock, capsys):
    bar = default_progress()
    assert isinstance(bar, NotebookBar)
    bar.start(20, 1000, may_stop=False, terms=TERMS)
    for done in (100, 101, 600):
        bar.advance(0, done, 4950.4, {"loss": 50.0, "<b>": 1.0})
        clock.seconds += 0.15
    bar.epoch_end(0, ROW)
    bar.close()
    first, early, late, ended, left = kernel.shown
    assert first["text/plain"] == "epoch 1/20  0%"
    assert '<progress value="100" max="20000"' in early["text/html"]
    assert "&lt;b&gt;" in late["text/html"]
    assert late["text/plain"] == "epoch 1/20  3%  4,950 images/s  12 s left  loss 50.00 <b> 1.00"
    assert "held-out images" in ended["text/html"]
    line = (
        "Trained 2 of 20 epochs in 0 s: loss 44.68 (val 40.10), elbo 6.65 (val 9.10) nats, "
        "kl 3.22 nats"
    )
    assert left["text/plain"] == line
    assert line in left["text/html"]
    assert capsys.readouterr().out == ""


def test_a_notebook_that_trained_nothing_says_so(kernel):
    begun(NotebookBar).close()
    assert kernel.shown[-1]["text/plain"] == "No epoch of 20 was ended."


def test_losses_of_held_out_images_are_a_line(kernel):
    bar = begun(NotebookBar)
    for epoch, loss in enumerate((3.0, 1.0, 2.0)):
        bar.epoch_end(epoch, {**ROW, "epoch": epoch + 1, "val_loss": loss})
    assert 'points="1.0,1.0 60.0,21.0 119.0,11.0"' in kernel.shown[-1]["text/html"]


def test_durations_are_in_their_two_largest_units():
    shown = [duration(seconds) for seconds in (0.4, 59.4, 61, 3600, 7265)]
    assert shown == ["0 s", "59 s", "1 min 1 s", "1 h 0 min", "2 h 1 min"]


def test_a_terminal_has_a_bar_and_a_pipe_has_lines(monkeypatch):
    assert type(default_progress()) is Lines
    # IPython in a terminal is no notebook.
    ipython = types.ModuleType("IPython")
    ipython.get_ipython = lambda: types.SimpleNamespace()
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    assert type(default_progress()) is Lines
    monkeypatch.setattr(progress.sys.stdout, "isatty", lambda: True, raising=False)
    assert type(default_progress()) is Bar


def said(image_shape=(28, 28, 1), **config):
    """The legend of a run's loss, its lines joined."""
    part = blueprint(image_shape, 0, config).parts["loss"]
    needs = build_part(part, Context(image_shape, latent_dim=2)).needs
    lines = legend(part.component.summary, needs, TERMS, image_shape)
    assert all(len(line) <= 80 for line in lines)
    return " ".join(line.strip() for line in lines)


def test_the_legend_says_what_is_minimised_and_which_law_the_elbo_takes():
    text = said()
    assert text.startswith(
        "loss, minimised: reconstruction + weighted_kl, that is 1000 x mean squared error + KL."
    )
    assert "normal with sigma 0.626." in text
    assert text.endswith("means over images, (val ...) over held-out ones.")


@pytest.mark.parametrize(
    ("config", "part"),
    [
        ({"loss_opt": {"weight": 50}}, "that is 50 x mean squared error + KL."),
        ({"loss_opt": {"weight": 50}, "image_shape": (8, 8, 3)}, "normal with sigma 1.39."),
        ({"loss": "elbo"}, "that is -log p(x|z) + KL, in nats."),
        ({"loss": "elbo"}, "values that are Bernoulli."),
        ({"loss": "elbo", "loss_opt": {"likelihood": "gaussian"}}, "normal with sigma 0.1."),
        ({"loss": "beta"}, "that is -log p(x|z) + kl_weight x KL, in nats."),
    ],
)
def test_the_words_follow_the_options(config, part):
    assert part in said(**config)


def test_a_loss_of_few_words_has_its_summary_and_no_elbo():
    class Silent(Loss):
        def __call__(self, x, output):
            return {}

    class OwnLaw(Gaussian):
        describe = None

    silent = needs_of(Silent(), "silent")
    first, second, *_ = legend("Cubes of errors.", silent, ["error"], (8, 8, 1))
    assert first == "loss, minimised: error, that is Cubes of errors."
    assert second == "There is no elbo, since the loss states no likelihood p(x|z)."
    lawful = silent._replace(likelihood=OwnLaw(0.1))
    assert "for the law OwnLaw." in " ".join(legend("", lawful, ["error"], (8, 8, 1)))
