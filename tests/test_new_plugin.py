"""A new plugin as a stranger makes it: from an empty folder to a trained model, in a clean shell.

What is installed with pip goes into an environment of its own, which sees the packages of this
one, so that nothing heavy is fetched.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest
import yaml

from vaekit.registry import KINDS

FEW = "--limit 64 --epochs 1 --batch-size 8"
TRAINED = {
    "encoder": "--encoder {} --data digits",
    "decoder": "--decoder {} --data digits",
    "loss": "--loss {} --data digits",
    "dataset": "--data {}",
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
            "PATH": os.pathsep.join([str(scripts), str(Path(sys.executable).parent), os.defpath]),
        }

    def run(self, script: str, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=folder or self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done


@pytest.fixture(scope="module")
def shell(tmp_path_factory):
    return Shell(tmp_path_factory.mktemp("clean"))


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_plugin_installs_conforms_trains_and_passes_its_own_ci(shell, kind):
    name, part, run = f"vaekit-my-{kind}", f"my-{kind}", f"run-{kind}"
    done = shell.run(
        f"vaekit plugins new {name} --kind {kind}"
        f" && pip install ./{name}"
        f" && vaekit plugins check {part}"
        f" && vaekit train {TRAINED[kind].format(part)} {FEW} --out {run}"
    )
    assert f"\n{kind} {part} ({name} 0.1.0)\n" in done.stdout
    assert " passed" in done.stdout
    assert done.stdout.endswith(f"Saved in {run}: models, history.csv, run.json and figures/.\n")
    assert (shell.folder / run / "VAE.keras").is_file()

    folder = shell.folder / name
    workflow = yaml.safe_load((folder / ".github/workflows/test.yml").read_text())
    steps = [step["run"] for step in workflow["jobs"]["test"]["steps"] if "run" in step]
    assert [step.split()[0] for step in steps] == ["python", "ruff", "python"]
    *_, tested = [shell.run(step, folder) for step in steps]
    assert " passed" in tested.stdout.splitlines()[-1]
