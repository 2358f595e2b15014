"""The front door that is pytest's, in a pytest of its own, as a plugin's author has it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from vaekit.testing import registered
from vaekit.testing.checks import CHECKS

AUTHORS = '''
import pytest
import vaekit
from keras import ops

def lazy(*, weight: float = 1.0):
    """A loss that ignores its weight.

    Args:
        weight: of nothing.
    """
    def loss(x, output):
        return {"error": ops.sum((x - output.reconstruction) ** 2, axis=(1, 2, 3))}

    return loss

def plain():
    return lazy()

known = {"every_option_has_an_effect": "to be done"}

@pytest.mark.vaekit_checks(lazy, kind="loss", known_failures=known)
@pytest.mark.vaekit_checks(plain, "elbo", kind="loss", known_failures={"terms_are_finite": "why?"})
def test_conforms(check):
    check()

@pytest.mark.vaekit_checks(kind="dataset")
def test_every_dataset(check):
    pass
'''

WRONG = """
import pytest

@pytest.mark.vaekit_checks({})
def test_wrong({}):
    pass
"""
WRONGS = (
    ('"conv55", kind="encoder"', "check"),
    ('"conv5", kind="coder"', "check"),
    ('"elbo", known_failures={"nonsense": "?"}', "check"),
    ('"conv5", knd="encoder"', "check"),
    ('"conv5"', ""),
)

LIGHT = """
import sys

def test_nothing_heavy_is_imported():
    heavy = {"keras", "tensorflow", "numpy", "vaekit.plugins", "vaekit.testing"}
    assert "vaekit.pytest_plugin" in sys.modules
    assert not heavy & set(sys.modules)
"""


def run_pytest(folder: Path, texts: Sequence[str], *more: str) -> str:
    """What pytest prints, run on files with these texts."""
    for number, text in enumerate(texts):
        (folder / f"test_{number}.py").write_text(text)
    # Named here beside the entry point, it must not be loaded twice.
    options = ["-rA", "--strict-markers", "-p", "vaekit.pytest_plugin", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, *more],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    return done.stdout + done.stderr


def lines(output: str, status: str) -> list[str]:
    found = [line for line in output.splitlines() if line.startswith(status)]
    return [line.removeprefix(status).strip() for line in found]


@pytest.fixture(scope="module")
def authors(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("authors")
    return run_pytest(folder, [AUTHORS], "-k", "every_dataset or effect or finite")


def test_each_check_of_each_part_is_a_test(authors: str) -> None:
    passed = lines(authors, "PASSED")
    assert "test_0.py::test_conforms[loss-elbo-every_option_has_an_effect]" in passed
    assert "test_0.py::test_conforms[loss-lazy-terms_are_finite]" in passed


def test_what_does_not_apply_is_skipped(authors: str) -> None:
    assert [line.split(": ")[-1] for line in lines(authors, "SKIPPED")] == ["it has no options"]


def test_known_failure_is_a_strict_xfail(authors: str) -> None:
    test = "test_0.py::test_conforms[loss-lazy-every_option_has_an_effect]"
    assert lines(authors, "XFAIL") == [f"{test} - to be done"]
    failed = [line.split()[0] for line in lines(authors, "FAILED")]
    assert failed == [
        "test_0.py::test_conforms[loss-plain-terms_are_finite]",
        "test_0.py::test_conforms[loss-elbo-terms_are_finite]",
    ]
    assert "[XPASS(strict)] why?" in authors


def test_without_parts_it_is_all_of_a_kind(authors: str) -> None:
    passed = [line for line in lines(authors, "PASSED") if "test_every_dataset" in line]
    assert len(passed) == len(registered("dataset")) * len(CHECKS["dataset"])


def test_what_a_mark_gets_wrong_is_a_sentence(tmp_path: Path) -> None:
    output = run_pytest(tmp_path, [WRONG.format(*wrong) for wrong in WRONGS])
    refusal = "vaekit_checks of test_wrong: "
    names = ", ".join(check.__name__ for check in CHECKS["loss"])
    assert lines(output, refusal) == [
        "There is no encoder 'conv55'. Did you mean 'conv5'?",
        "There is no kind 'coder': choose from encoder, latent, decoder, prior, loss, sampler, "
        "metric, tracker, dataset.",
        f"There is no check 'nonsense' of a loss: {names}.",
        "vaekit_checks() got an unexpected keyword argument 'knd'",
        "a marked test is called with `check`; take that argument.",
    ]
    assert "Traceback" not in output


def test_pytest_starts_without_keras(tmp_path: Path) -> None:
    assert "1 passed" in run_pytest(tmp_path, [LIGHT])


def test_entry_point_lets_pytest_find_it() -> None:
    assert "vaekit.pytest_plugin" in {point.value for point in entry_points(group="pytest11")}
