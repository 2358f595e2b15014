"""How long the command line takes to start with many plugins installed, and what it imports."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import vaekit
from tests.installed import Site

COUNT = 50
RUNS = 5

CODE = """
    import vaekit

    VAEKIT_API_VERSION = 1

    @vaekit.hookimpl
    def register_encoders(register):
        register("encoder-{number}", "made_{number}.parts:encoder", summary="Generated.")

    @vaekit.hookimpl
    def register_losses(register):
        register("loss-{number}", "made_{number}.parts:loss", summary="Generated.")
"""

# Runs a command in a fresh interpreter; prints the processor's seconds that it took, from the
# interpreter's start on, and which heavy packages it has imported.
MEASURE = """
    import json, sys, time
    from vaekit.cli import main
    try:
        main(sys.argv[1:], prog_name="vaekit")
    except SystemExit as end:
        assert not end.code
    heavy = {"keras", "tensorflow", "jax", "torch", "matplotlib", "sklearn", "pydantic"}
    imported = sorted(heavy & set(sys.modules))
    print(json.dumps({"seconds": time.process_time(), "imported": imported}), file=sys.stderr)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("many")
    for number in range(COUNT):
        Site(folder).install(f"vaekit-made-{number}", CODE.format(number=number))
    return folder


def measure(folder, *words):
    """The least processor time of several runs, and what they printed and imported.

    Processor time, because the wall's also counts what else the machine does; one that has a
    core to itself takes no longer. The least, because everything else only adds.
    """
    path = os.pathsep.join([str(folder), str(Path(vaekit.__file__).parents[1])])
    env = {**os.environ, "PYTHONPATH": path}
    command = [sys.executable, "-c", textwrap.dedent(MEASURE), *words]
    results = []
    for _ in range(RUNS):
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        results.append(json.loads(done.stderr.splitlines()[-1]))
    return min(r["seconds"] for r in results), done.stdout, results[-1]["imported"]


# The options of `train` are the fields of the config, which is pydantic's, and that takes a tenth.
@pytest.mark.parametrize(
    ("words", "needed", "most"),
    [(("--help",), [], 0.3), (("train", "--help"), ["pydantic"], 0.4)],
)
def test_help_starts_within_tenths_of_a_second(folder, words, needed, most):
    seconds, out, imported = measure(folder, *words)
    assert "Usage: vaekit" in out
    assert imported == needed
    assert seconds < most


def test_the_list_of_plugins_comes_within_a_second(folder):
    seconds, out, imported = measure(folder, "plugins", "list")
    assert sum("Generated." in line for line in out.splitlines()) == 2 * COUNT
    assert imported == []
    assert seconds < 1


@pytest.mark.parametrize("before", ["enable", "disable"])
def test_what_the_import_brought_is_collected_no_more(before):
    code = (
        f"import gc; gc.{before}(); "
        "from vaekit.startup import select_backend; select_backend(None); "
        "print(gc.isenabled(), gc.get_freeze_count() > 100_000, len(gc.get_objects()) < 100_000)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(before == "enable"), "True", "True"]


def quiet_process(code, **env):
    """A fresh interpreter in which the user sets nothing but `env`."""
    kept = {name: value for name, value in os.environ.items() if name != "TF_CPP_MIN_LOG_LEVEL"}
    command = [sys.executable, "-c", code]
    return subprocess.run(
        command, env={**kept, **env}, capture_output=True, text=True, check=True, timeout=120
    )


def test_the_package_and_what_lists_parts_import_no_keras():
    code = (
        "import sys, vaekit, vaekit.active_units, vaekit.config, vaekit.registry; "
        "dir(vaekit), vaekit.register_latent, vaekit.register_prior, vaekit.VAEOutput; "
        "print(sorted({'keras', 'tensorflow'} & set(sys.modules)))"
    )
    assert quiet_process(code).stdout == "[]\n"


def test_names_that_need_keras_bring_no_notice_of_its_backend():
    done = quiet_process("import sys, vaekit; vaekit.Loss; print('keras' in sys.modules)")
    assert (done.stdout, done.stderr) == ("True\n", "")


def test_a_log_level_of_the_users_own_is_kept():
    code = "import os, vaekit; vaekit.UserError; print(os.environ['TF_CPP_MIN_LOG_LEVEL'])"
    assert quiet_process(code, TF_CPP_MIN_LOG_LEVEL="0").stdout == "0\n"
