"""`vaekit doctor`, in a process of its own, beside backends and plugins that are broken."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

BROKEN = {
    "jax": "raise ImportError('its library is of another build')",
    "torch": "import os; os.abort()",
}


@pytest.fixture(scope="module")
def examined(tmp_path_factory: pytest.TempPathFactory) -> subprocess.CompletedProcess[str]:
    """What it says where two backends and one plugin are broken, each in its own way."""
    folder = tmp_path_factory.mktemp("site")
    for name, text in BROKEN.items():
        _write(folder / name / "__init__.py", text)
    _write(folder / "bad_plugin.py", "raise RuntimeError('no licence')")
    info = folder / "bad_plugin-1.0.dist-info"
    _write(info / "METADATA", "Metadata-Version: 2.1\nName: bad-plugin\nVersion: 1.0\n")
    _write(info / "entry_points.txt", "[vaekit]\nbad = bad_plugin\n")
    path = os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")]))
    return subprocess.run(
        [sys.executable, "-m", "vaekit", "doctor", "--json"],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


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
    assert "signal 6" in backends["torch"]["detail"]
    assert "pip install" in backends["torch"]["remedy"]


def test_plugins_are_told_with_the_reason(examined: subprocess.CompletedProcess[str]) -> None:
    plugins = _findings(examined, "plugin")
    assert "conv5" in plugins["vaekit"]["detail"]
    broken = plugins["bad of bad-plugin"]
    assert broken["status"] == "broken"
    assert "no licence" in broken["detail"]


def test_packages_are_held_against_what_the_kit_needs(
    examined: subprocess.CompletedProcess[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    packages = _findings(examined, "package")
    assert {"keras", "tensorflow", "numpy", "click"} <= set(packages)
    assert all(row["status"] == "ok" for row in packages.values())

    from vaekit.doctor import packages as module

    monkeypatch.setattr(
        module.metadata, "requires", lambda _: ["keras>=99", "no-such-package", "numpy>=1"]
    )
    told = {finding.subject: finding for finding in module.examine_packages()}
    assert told["keras"].status == "broken"
    assert ">=99" in told["keras"].remedy
    assert told["no-such-package"].status == "broken"
    assert told["numpy"].status == "ok"


def test_a_missing_backend_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    from vaekit.doctor import backends

    monkeypatch.setattr(backends.importlib.util, "find_spec", lambda name: None)
    found = {finding.subject: finding for finding in backends.examine_backends()}
    assert {finding.status for finding in found.values()} == {"absent"}
    assert found["jax"].remedy == "pip install 'vaekit[jax]'"
