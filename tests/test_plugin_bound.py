"""A plugin that hangs, and one that raises what programs don't catch: the kit outlives both."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest

import vaekit
from vaekit.errors import UserError

HANGS = "import time\nwhile True:\n    time.sleep(0.01)\n"
ROOT = Path(vaekit.__file__).parents[1]


@pytest.fixture
def second(monkeypatch):
    monkeypatch.setenv("VAEKIT_PLUGIN_TIMEOUT", "1")


def environment(site, **more):
    path = os.pathsep.join([str(site.folder), str(ROOT)])
    return {**os.environ, "PYTHONPATH": path, **more}


def vaekit_command(site, *args, **more):
    return subprocess.run(
        [sys.executable, "-m", "vaekit", *args],
        capture_output=True,
        text=True,
        env=environment(site, **more),
        timeout=300,
        cwd=site.folder,
    )


@pytest.mark.parametrize("where", ["import", "hook"])
def test_a_plugin_that_hangs_is_given_up_and_the_rest_goes_on(site, second, where):
    code = HANGS
    if where == "hook":
        loop = "        while True:\n            time.sleep(0.01)\n"
        code = "import time, vaekit\n\n@vaekit.hookimpl\ndef register_losses(register):\n"
        code += "    register('early', dict)\n    if True:\n" + loop
    site.install("slow-one", code)
    site.install("z-good", "import vaekit\nvaekit.register_loss('quick', dict)\n")
    began = time.monotonic()
    found = site.discover()
    assert 1 <= time.monotonic() - began < 10
    (broken,) = (b for b in found.broken if b.distribution == "slow-one")
    assert broken.reason == (
        "it was not loaded after 1 s; VAEKIT_PLUGIN_TIMEOUT sets how many seconds it may take"
    )
    assert "slow_one.py" in broken.traceback
    assert "time.sleep(0.01)" in broken.traceback
    assert found.registry.get("loss", "quick").distribution == "z-good"
    assert "early" not in found.registry.names("loss")


def plugin_threads():
    return [thread for thread in threading.enumerate() if thread.name == "vaekit-plugin"]


def test_a_plugin_that_was_given_up_is_stopped(site, second):
    site.install("slow-one", HANGS)
    site.discover()
    deadline = time.monotonic() + 10
    while plugin_threads() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not plugin_threads()


def test_what_a_plugin_offers_after_its_time_is_nobodys(site, second, tmp_path):
    late = f"""
        import pathlib, time, vaekit

        @vaekit.hookimpl
        def register_losses(register):
            try:
                while True:
                    time.sleep(0.01)
            finally:
                register("late", dict)
                vaekit.register_loss("later", dict)
                pathlib.Path({str(tmp_path / "done")!r}).touch()
    """
    site.install("slow-one", late)
    found = site.discover()
    deadline = time.monotonic() + 10
    while not (tmp_path / "done").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert (tmp_path / "done").exists()
    assert not {"late", "later"} & set(found.registry.names("loss"))
    assert not {"late", "later"} & set(site.discover().registry.names("loss"))


def test_a_process_ends_although_a_plugin_waits_outside_python(site):
    site.install("slow-one", "import time\ntime.sleep(1000)\n")
    began = time.monotonic()
    done = vaekit_command(site, "plugins", "list", VAEKIT_PLUGIN_TIMEOUT="1")
    assert (done.returncode, done.stderr) == (0, "")
    assert time.monotonic() - began < 30
    assert "broken: slow-one-point of slow-one 1.2.3: it was not loaded after 1 s" in done.stdout


def test_ctrl_c_while_a_plugin_hangs(site, tmp_path):
    ready = tmp_path / "ready"
    site.install("slow-one", f"import time\nopen({str(ready)!r}, 'w')\n" + HANGS)
    child = subprocess.Popen(
        [sys.executable, "-m", "vaekit", "plugins", "list"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(site, VAEKIT_PLUGIN_TIMEOUT="300"),
        cwd=site.folder,
        # A shell's background job ignores Ctrl-C, and so would its child.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    try:
        deadline = time.monotonic() + 180
        while not ready.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        child.send_signal(signal.SIGINT)
        out, err = child.communicate(timeout=60)
    finally:
        child.kill()
    assert (child.returncode, out) == (130, "")
    assert err == "vaekit: stopped.\n"


@pytest.mark.parametrize("text", ["soon", "0", "-1", "nan", "inf", "1 s"])
def test_a_bound_that_is_no_number_of_seconds_is_refused(site, monkeypatch, text):
    monkeypatch.setenv("VAEKIT_PLUGIN_TIMEOUT", text)
    with pytest.raises(UserError, match="VAEKIT_PLUGIN_TIMEOUT must be a number of seconds above"):
        site.discover()


@pytest.mark.parametrize("text", ["", "1e300", "0.5e2"])
def test_any_number_of_seconds_is_a_bound(site, monkeypatch, text):
    monkeypatch.setenv("VAEKIT_PLUGIN_TIMEOUT", text)
    assert site.discover().registry.names("encoder")


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("raise GeneratorExit", "GeneratorExit"),
        ("class Odd(BaseException): pass\nraise Odd('odd')", "Odd: odd"),
        ("raise BaseExceptionGroup('all', [SystemExit(1)])", "BaseExceptionGroup: all (1 sub-exc"),
        ("raise RuntimeError('one\\n  two')", "RuntimeError: one two"),
        (
            "class Mute(Exception):\n    def __str__(self): raise OSError\nraise Mute",
            "Mute: it can't say what",
        ),
        ("def again(): again()\nagain()", "RecursionError: maximum recursion depth exceeded"),
    ],
)
def test_whatever_a_plugin_raises_is_its_reason(site, code, reason):
    site.install("bad-one", code)
    (broken,) = (b for b in site.discover().broken if b.distribution == "bad-one")
    assert broken.reason.startswith(reason)
    assert "Traceback" in broken.traceback


def test_a_plugin_may_be_the_first_to_import_keras_and_takes_its_time(site):
    """Keras is first imported in the plugin's thread, over the bound, and then used on main."""
    code = """
        import keras
        import vaekit

        scale = keras.layers.Rescaling(2.0)

        def wide(image_shape):
            inputs = keras.Input(image_shape)
            return keras.Model(inputs, scale(inputs))

        @vaekit.hookimpl
        def register_encoders(register):
            register("eager", wide)
    """
    site.install("eager-one", code)
    script = """
        import sys
        import vaekit
        from vaekit.plugins import discover

        assert "keras" not in sys.modules
        broken = discover().broken
        assert "keras" in sys.modules
        assert not [b for b in broken if b.distribution == "eager-one"], broken
        few = {"limit": 9, "batch_size": 4, "epochs": 1, "progress": False}
        run = vaekit.train(encoder="eager", data="digits", out="run", **few)
        assert run.history[-1]["loss"] > 0
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        capture_output=True,
        text=True,
        env=environment(site, VAEKIT_PLUGIN_TIMEOUT="0.5"),
        timeout=300,
        cwd=site.folder,
    )
    assert done.returncode == 0, done.stderr
