"""A new plugin as a stranger makes it: from an empty folder to a trained model, in a clean shell.

What is installed with pip goes into an environment of its own, which sees the packages of this
one, so that nothing heavy is fetched.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest
import yaml

from vaekit.registry import KINDS

pytestmark = pytest.mark.slow

PATH = os.environ.get("PATH", os.defpath)
FEW = "--limit 64 --epochs 1 --batch-size 8"
TRAINED = {
    "encoder": "--encoder my-encoder --data digits",
    "latent": "--latent my-latent --data digits",
    "decoder": "--decoder my-decoder --data digits",
    "prior": "--prior my-prior --data digits",
    "loss": "--loss my-loss --data digits",
    "sampler": "--sampler my-sampler --data digits",
    "metric": "--metric my-metric --data digits",
    "tracker": "--track my-tracker --data digits",
    "dataset": "--data my-dataset",
}


class Shell:
    """A shell whose `python`, `pip` and `vaekit` are those of a new environment."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "work"
        self.folder.mkdir()
        scripts = folder / "venv" / "bin"
        venv.create(scripts.parent, with_pip=True, symlinks=True)
        (site,) = scripts.parent.glob("lib/python*/site-packages")
        paths = [sysconfig.get_path(name) for name in ("purelib", "platlib")]
        lines = [f"import site; site.addsitedir({path!r})" for path in dict.fromkeys(paths)]
        (site / "packages-of-the-tests.pth").write_text("\n".join(lines) + "\n")
        command = scripts / "vaekit"  # as pip writes it, for this environment's Python
        command.write_text(f"#!{scripts}/python\nfrom vaekit.cli import main\n\nmain()\n")
        command.chmod(0o755)
        ours = ("TF_CPP_MIN_LOG_LEVEL", "PYTEST_ADDOPTS", "PYTEST_CURRENT_TEST", "VIRTUAL_ENV")
        self.environment = {
            **{name: value for name, value in os.environ.items() if name not in ours},
            "PATH": os.pathsep.join([str(scripts), str(Path(sys.executable).parent), PATH]),
            "MYPY_CACHE_DIR": str(folder / "mypy"),  # else each plugin has Keras read anew
        }

    def run(self, script: str, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=folder or self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=600,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done


@pytest.fixture(scope="module")
def shell(tmp_path_factory):
    return Shell(tmp_path_factory.mktemp("clean"))


@pytest.fixture(scope="module")
def made(shell):
    """What a new plugin of each kind printed on its way from nothing to a trained model.

    That each conforms is for its generated tests to say, which are all checks of the suite.
    """
    return {
        kind: shell.run(
            f"vaekit plugins new vaekit-my-{kind} --kind {kind}"
            f" && pip install ./vaekit-my-{kind}"
            f" && vaekit plugins show my-{kind}"
            f" && vaekit train {TRAINED[kind]} {FEW} --out run-{kind}"
        ).stdout
        for kind in KINDS
    }


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_plugin_installs_and_trains(shell, made, kind):
    assert f"\n{kind} my-{kind} (vaekit-my-{kind} 0.1.0): " in made[kind]
    saved = f"Saved in run-{kind}: models, history.csv, run.json, figures/ and report.html.\n"
    assert made[kind].endswith(saved)
    assert (shell.folder / f"run-{kind}" / "VAE.keras").is_file()


def test_its_checks_pass_by_the_command_too(shell, made):
    done = shell.run("vaekit plugins check my-dataset")  # whose checks are the quickest
    assert done.stdout.startswith("dataset my-dataset (vaekit-my-dataset 0.1.0)\n")
    assert " passed" in done.stdout.splitlines()[-1]


def test_the_generated_tests_pass_untouched(shell, made):
    done = shell.run("ruff check . && python -m pytest vaekit-my-*/tests")
    for kind in KINDS:
        assert re.search(rf"/test_{kind}\.py [.s]+", done.stdout)
    assert " passed" in done.stdout.splitlines()[-1]


def test_the_generated_code_is_typed(shell, made):
    done = shell.run("for kind in vaekit-my-*; do (cd $kind && mypy src) || exit 1; done")
    assert done.stdout.count("Success: no issues found in 2 source files") == len(KINDS)


def test_the_generated_ci_passes(shell, made):
    """That of the data set, whose checks are the quickest; the others' is the same."""
    texts = {
        kind: (shell.folder / f"vaekit-my-{kind}/.github/workflows/test.yml").read_text()
        for kind in KINDS
    }
    assert len(set(texts.values())) == 1
    steps = yaml.safe_load(texts["dataset"])["jobs"]["test"]["steps"]
    commands = [step["run"] for step in steps if "run" in step]
    assert [command.split()[0] for command in commands] == ["python", "ruff", "python"]
    *_, tested = [shell.run(line, shell.folder / "vaekit-my-dataset") for line in commands]
    assert " passed" in tested.stdout.splitlines()[-1]
