"""Backends that aren't there, or come too late."""

from __future__ import annotations

import json
import subprocess
import sys

import keras
import pytest

from tests.bad_input.processes import KIT, environment, process
from tests.bad_input.refusals import check_message, refused


def test_unknown_backend_in_the_environment(tmp_path):
    match = r"no backend 'tensorfow': choose from tensorflow, jax, torch\."
    process(tmp_path, *KIT, match=match, env={"KERAS_BACKEND": "tensorfow"})


NOT_INSTALLED = """
import importlib.util, sys
found = importlib.util.find_spec
importlib.util.find_spec = lambda name, *more: None if name == "jax" else found(name, *more)
class NoJax:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "jax":
            raise ModuleNotFoundError("No module named 'jax'", name="jax")
sys.meta_path.insert(0, NoJax())
from vaekit.cli import main
main(prog_name="vaekit")
"""


@pytest.mark.parametrize("how", ["option", "environment", "Keras's file"])
def test_backend_that_is_not_installed(tmp_path, tmp_path_factory, how):
    home = tmp_path_factory.mktemp("home")
    env, match = {}, r"The backend jax is not installed: pip install 'vaekit\[jax\]'\."
    script = NOT_INSTALLED
    if how == "environment":
        env = {"KERAS_BACKEND": "jax"}
    elif how == "option":
        script = script.replace('vaekit")', "vaekit\", args=[*sys.argv[1:], '--backend', 'jax'])")
    else:
        (home / "keras.json").write_text('{"backend": "jax"}')
        env, match = {"KERAS_HOME": str(home)}, r"Keras can't start its backend: No module .*'jax'"
    process(tmp_path, sys.executable, "-c", script, match=match, env=env)


def test_backend_of_a_run_that_is_not_installed(run_folder, tmp_path):
    """It also shows that a run goes on with its own backend, not with Keras's choice of today."""
    record = json.loads((run_folder / "run.json").read_text())
    record["config"]["backend"] = "jax"
    (tmp_path / "run.json").write_text(json.dumps(record))
    done = subprocess.run(
        [sys.executable, "-c", NOT_INSTALLED, "resume", str(tmp_path)],
        env=environment(),
        capture_output=True,
        text=True,
    )
    check_message(done.returncode, done.stderr, r"The backend jax is not installed: pip install")


def test_backend_when_another_is_running(tmp_path):
    other = "jax" if keras.backend.backend() != "jax" else "torch"
    args = ("train", "--backend", other, "--data", "digits", "--out", "run")
    match = rf"already running on {keras.backend.backend()} in this process.*{other}"
    refused(tmp_path, *args, match=match)
