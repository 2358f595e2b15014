"""`vaekit doctor`: beside backends and plugins that are broken, and of runs that are damaged."""

import compileall
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import vaekit
from tests.installed import Site
from vaekit.cli import main

BROKEN = {
    "jax": "raise ImportError('its library is of another build')",
    "torch": "import os; os.abort()",
}


@pytest.fixture(scope="module")
def examined(tmp_path_factory: pytest.TempPathFactory) -> subprocess.CompletedProcess[str]:
    """What it says where two backends and one plugin are broken, each in its own way."""
    folder = tmp_path_factory.mktemp("site")
    for name, text in BROKEN.items():
        (folder / name).mkdir()
        (folder / name / "__init__.py").write_text(text)
    Site(folder).install("bad-plugin", "raise RuntimeError('no licence')")
    path = os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")]))
    return subprocess.run(
        [sys.executable, "-m", "vaekit", "doctor", "--json"],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )


def _findings(examined: subprocess.CompletedProcess[str], area: str) -> dict[str, dict[str, str]]:
    return {row["subject"]: row for row in json.loads(examined.stdout) if row["area"] == area}


def test_something_broken_ends_with_code_1_and_no_traceback(
    examined: subprocess.CompletedProcess[str],
) -> None:
    assert examined.returncode == 1
    assert "Traceback" not in examined.stderr


def test_each_backend_is_really_tried(examined: subprocess.CompletedProcess[str]) -> None:
    backends = _findings(examined, "backend")
    assert backends["tensorflow"]["status"] == "ok"
    assert "trains on" in backends["tensorflow"]["detail"]
    assert backends["jax"]["status"] == "broken"
    assert "its library is of another build" in backends["jax"]["detail"]
    assert backends["torch"]["status"] == "broken"
    assert "SIGABRT" in backends["torch"]["detail"]
    assert "pip install" in backends["torch"]["remedy"]


def test_plugins_are_told_with_the_reason(examined: subprocess.CompletedProcess[str]) -> None:
    plugins = _findings(examined, "plugin")
    assert "conv5" in plugins["vaekit"]["detail"]
    broken = plugins["bad-plugin-point of bad-plugin"]
    assert broken["status"] == "broken"
    assert "no licence" in broken["detail"]


def test_packages_are_held_against_what_the_kit_needs(
    examined: subprocess.CompletedProcess[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    packages = _findings(examined, "package")
    assert {"keras", "tensorflow", "numpy", "click"} <= set(packages)
    assert all(row["status"] == "ok" for row in packages.values())

    from vaekit.doctor import environment as module

    monkeypatch.setattr(
        module.metadata, "requires", lambda _: ["keras>=99", "no-such-package", "numpy>=1"]
    )
    findings = {finding.subject: finding for finding in module.examine_packages()}
    assert findings["keras"].status == "broken"
    assert ">=99" in findings["keras"].remedy
    assert findings["no-such-package"].status == "broken"
    assert findings["numpy"].status == "ok"


def test_a_missing_backend_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    from vaekit.doctor import backends

    monkeypatch.setattr(backends.importlib.util, "find_spec", lambda name: None)
    findings = {finding.subject: finding for finding in backends.examine_backends()}
    assert {finding.status for finding in findings.values()} == {"absent"}
    assert findings["jax"].remedy == "pip install 'vaekit[jax]'"


def doctor(*args: Any) -> Result:
    return CliRunner().invoke(main, ["doctor", *map(str, args)], prog_name="vaekit")


def flip_a_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.fixture
def copied(run_folder: Path, tmp_path: Path) -> Path:
    """A run of two epochs, and so of two checkpoints, to be damaged."""
    return shutil.copytree(run_folder, tmp_path / "run")


def test_a_whole_run(run_folder: Path) -> None:
    result = doctor(run_folder)
    assert result.exit_code == 0
    assert result.stdout == (
        f"ok      run      {run_folder}: every file is what was written\nAll well.\n"
    )


@pytest.mark.parametrize(
    ("name", "damage", "reason"),
    [
        ("VAE.h5", flip_a_bit, "its SHA-256 is not what it was"),
        ("VAE_encoder.keras", Path.unlink, "No such file or directory"),
        ("history.csv", lambda path: path.write_text(""), "it has 0 bytes and had "),
    ],
)
def test_a_damaged_file_of_a_run_is_named(
    copied: Path, name: str, damage: Callable[[Path], object], reason: str
) -> None:
    damage(copied / name)
    result = doctor(copied)
    assert result.exit_code == 1
    line, last = result.stdout.splitlines()
    assert line.startswith(f"broken  run      {copied / name}: {reason}")
    assert line.endswith(f"on purpose, delete {copied / 'manifest.json'})")
    assert last == "1 broken."


def test_for_a_damaged_checkpoint_the_one_before_is_offered(copied: Path) -> None:
    before, newest = sorted((copied / "checkpoints").glob("step-*"))
    flip_a_bit(newest / "state.npz")
    (finding,) = json.loads(doctor(copied, "--json").stdout)
    assert finding == {
        "area": "run",
        "subject": str(newest / "state.npz"),
        "status": "broken",
        "detail": "its SHA-256 is not what it was",
        "remedy": f"vaekit resume {copied} --from {before.name} goes on from the one before",
    }
    assert vaekit.resume(copied, checkpoint=before.name, progress=False).history[-1]["epoch"] == 2
    assert doctor(copied).exit_code == 0

    flip_a_bit(before / "state.json")
    (finding,) = json.loads(doctor(copied, "--json").stdout)
    assert finding["remedy"] == "delete its folder: resuming needs the newest only"
    flip_a_bit(newest / "state.npz")
    findings = json.loads(doctor(copied, "--json").stdout)
    assert findings[-1]["remedy"] == "there is no whole checkpoint before it"


def test_a_damaged_pointer_may_be_deleted(copied: Path) -> None:
    flip_a_bit(copied / "checkpoints" / "latest")
    result = doctor(copied)
    assert result.exit_code == 1
    assert "latest: it names no checkpoint that is there  (delete it: " in result.stdout
    (copied / "checkpoints" / "latest").unlink()
    assert doctor(copied).exit_code == 0


def test_what_is_no_run_can_not_be_examined(tmp_path: Path) -> None:
    result = doctor(tmp_path)
    assert result.exit_code == 2
    assert result.stderr == (f"vaekit: {tmp_path} holds no run: there is no run.json in it.\n")
    assert result.stdout == ""


@pytest.mark.parametrize("kept", [True, False])
def test_libraries_that_each_start_compiles_anew_are_told(tmp_path: Path, kept: bool) -> None:
    (tmp_path / "keras").mkdir()
    (tmp_path / "keras" / "__init__.py").write_text("")
    if kept:
        compileall.compile_dir(tmp_path, quiet=2)
    code = (
        "from vaekit.doctor.environment import examine_bytecode\n"
        "print([f.detail + '|' + f.remedy for f in examine_bytecode() if 'keras' in f.detail])"
    )
    path = os.pathsep.join(filter(None, [str(tmp_path), os.environ.get("PYTHONPATH")]))
    said = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    if kept:
        assert said == "[]\n"
    else:
        assert "no bytecode is kept of keras" in said
        assert f"-m compileall -q {tmp_path}" in said
