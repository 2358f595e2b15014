"""Wheels that are broken, each in its own way, built and really installed: the kit goes on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

import vaekit
from tests.installed import build_wheel

pytestmark = pytest.mark.slow


def hook(body, name="register_encoders", argument="register"):
    return f"import vaekit\n\n@vaekit.hookimpl\ndef {name}({argument}):\n    {body}\n"


BROKEN = {
    "vaekit-bad-import": (
        "import no_such_module_at_all",
        "ModuleNotFoundError: No module named 'no_such_module_at_all'",
    ),
    "vaekit-bad-exit": ("import sys\nsys.exit('no licence')", "SystemExit: no licence"),
    "vaekit-bad-signature": (
        hook("pass", argument="registry, options"),
        "its hook register_encoders takes (registry, options), and must take (register)",
    ),
    "vaekit-bad-spelling": (
        hook("pass", name="register_encoder"),
        "vaekit has no hook 'register_encoder'. Did you mean 'register_encoders'?",
    ),
    "vaekit-bad-version": (
        "VAEKIT_API_VERSION = 99\n" + hook("pass"),
        "it was written for version 99 of the plugin API, and this vaekit has version 2: "
        "pip install --upgrade vaekit",
    ),
    "vaekit-bad-name": (
        hook("register('fine', dict); register('conv5', dict)"),
        "encoder 'conv5' is the kit's own; choose another name",
    ),
    "vaekit-bad-hook": (hook("raise RuntimeError('boom')"), "RuntimeError: boom"),
    "vaekit-bad-hang": (
        hook("import time; time.sleep(10_000)"),
        "it was not loaded after 2 s; VAEKIT_PLUGIN_TIMEOUT sets how many seconds it may take",
    ),
}
CLASHING = ("vaekit-this", "vaekit-that")  # not broken: both offer `wide`


class Environment:
    """A virtual environment that also sees the packages of the one that runs the tests."""

    def __init__(self, folder: Path, wheels: Path) -> None:
        self.wheels = wheels
        venv.create(folder, symlinks=True)
        self.python = folder / "bin" / Path(sys.executable).name
        base = {"base": str(folder), "platbase": str(folder)}
        packages = Path(sysconfig.get_path("purelib", "venv", base))
        ours = [sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]
        lines = [str(Path(vaekit.__file__).parents[1])]
        lines += [f"import site; site.addsitedir({path!r})" for path in dict.fromkeys(ours)]
        (packages / "ours.pth").write_text("\n".join(lines) + "\n")

    def pip(self, *words: str) -> None:
        quiet = ("--quiet", "--disable-pip-version-check", "--no-input")
        subprocess.run(
            [sys.executable, "-m", "pip", "--python", str(self.python), *words, *quiet],
            check=True,
            timeout=300,
        )

    def install(self, name: str) -> None:
        self.pip("install", "--no-index", "--no-deps", "--find-links", str(self.wheels), name)

    def vaekit(self, *words: str) -> subprocess.CompletedProcess[str]:
        env = {**os.environ, "VAEKIT_PLUGIN_TIMEOUT": "2"}
        return subprocess.run(
            [str(self.python), "-m", "vaekit", *words],
            cwd=self.wheels,
            env=env,
            capture_output=True,
            text=True,
            timeout=300,
        )


@pytest.fixture(scope="module")
def wheels(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheels")
    for name, (code, _) in BROKEN.items():
        build_wheel(folder, name, code, version="0.3")
    for name in CLASHING:
        build_wheel(folder, name, hook("register('wide', dict)"))
    return folder


@pytest.fixture(scope="module")
def environment(wheels, tmp_path_factory):
    made = Environment(tmp_path_factory.mktemp("environment") / "venv", wheels)
    for name in (*BROKEN, *CLASHING):
        made.install(name)
    return made


@pytest.fixture(scope="module")
def listed(environment):
    done = environment.vaekit("plugins", "list")
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_each_broken_wheel_is_listed_with_its_reason(listed):
    lines = [line for line in listed.splitlines() if " of vaekit-bad-" in line]
    said = [f"broken: {name} of {name} 0.3: {reason}" for name, (_, reason) in BROKEN.items()]
    assert lines == sorted(said)
    assert len(lines) == 8


def test_nothing_of_a_broken_wheel_is_offered(environment):
    done = environment.vaekit("plugins", "list", "--json")
    assert done.returncode == 0
    found = json.loads(done.stdout)
    owners = {part["distribution"] for part in found["parts"]}
    assert not owners & set(BROKEN)
    assert owners >= {"vaekit", *CLASHING}
    broken = {plugin["distribution"]: plugin for plugin in found["broken"]}
    assert all("vaekit_bad_" in broken[name]["traceback"] for name in BROKEN if "hook" in name)
    assert "time.sleep(10_000)" in broken["vaekit-bad-hang"]["traceback"]


def test_training_on_the_kits_own_parts_works_with_all_of_them_installed(environment, tmp_path):
    few = ["--data", "digits", "--epochs", "1", "--limit", "64", "--batch-size", "8"]
    done = environment.vaekit("train", *few, "--out", str(tmp_path / "run"))
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    for name, (_, reason) in BROKEN.items():
        line = f"vaekit: plugin {name} of {name} 0.3 is left out: {reason}"
        assert done.stderr.splitlines().count(line) == 1
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    assert record["status"] == "complete"


def test_the_other_order_of_installation_prints_the_same(environment, listed):
    names = (*BROKEN, *CLASHING)
    environment.pip("uninstall", "--yes", *names)
    assert "vaekit-bad" not in environment.vaekit("plugins", "list").stdout
    for name in reversed(names):
        environment.install(name)
    assert environment.vaekit("plugins", "list").stdout == listed
