"""What runs on a lent GPU for minutes: its check, and the script that measures all."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"


@pytest.fixture(autouse=True)
def _scripts(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS / "gpu"))


# the check of a GPU


def sides(*device):
    processor = {"device": "cpu:0", "losses": [500.0, 400.0, 300.0]}
    return {"device": "cuda:0", "losses": list(device)}, processor


@pytest.mark.parametrize(
    ("losses", "sentence"),
    [
        ((500.1, 400, 300), "The losses of step 1 are 2.0e-04 apart, and 1e-05 is allowed"),
        ((500, 401, 300), "The losses of step 2 are 2.5e-03 apart"),
        ((500, 400, 309), "The losses of one of 20 steps are 3.0e-02 apart"),
        ((500, 400, float("nan")), "The losses of one of 20 steps are nan apart"),
        ((float("nan"),) * 3, "The losses of step 1 are nan apart"),
    ],
)
def test_losses_that_dont_agree_are_refused(losses, sentence):
    import check

    from vaekit.errors import VaekitError

    with pytest.raises(VaekitError, match=sentence):
        check.refuse_wrong(check.compared(*sides(*losses)))


def test_losses_within_rounding_agree_and_their_differences_are_kept():
    import check

    result = check.compared(*sides(500.001, 400.01, 303))
    check.refuse_wrong(result)
    assert result["differences"] == pytest.approx([2e-6, 2.5e-5, 1e-2])
    assert result["largest_differences"]["any"] == pytest.approx(1e-2)


def test_losses_that_dont_fall_are_refused():
    import check

    from vaekit.errors import VaekitError

    flat = {"device": "cuda:0", "losses": [5.0, 5.0]}
    with pytest.raises(VaekitError, match=r"The loss doesn't fall in 20 steps"):
        check.refuse_wrong(check.compared(flat, flat))


@pytest.mark.parametrize(
    ("platform", "cuda", "sentence"),
    [
        ("cpu", True, "JAX sees no GPU here"),
        ("gpu", False, "PyTorch 2.11 sees no GPU here"),
        ("gpu", True, None),
        ("gpu", None, None),
    ],
)
def test_without_a_gpu_only_a_rehearsal_goes_on(monkeypatch, capsys, platform, cuda, sentence):
    import check

    from vaekit.errors import VaekitError

    said = {
        check._GPU_OF_JAX: {"platform": platform, "model": "a card"},
        check._GPU_OF_TORCH: {"version": "2.11", "cuda": cuda},
    }
    monkeypatch.setattr(check, "_last_output", lambda code, more: said[code])
    monkeypatch.setattr(
        check.importlib.util, "find_spec", lambda name: None if cuda is None else object()
    )
    if sentence:
        with pytest.raises(VaekitError, match=sentence):
            check._gpus(rehearsal=False)
    else:
        assert check._gpus(rehearsal=False)["jax"]["model"] == "a card"
    assert check._gpus(rehearsal=True)["rehearsal"]
    assert ("PyTorch is not installed" in capsys.readouterr().out) == (cuda is None)


def test_a_child_that_dies_without_a_word_is_told(monkeypatch):
    import check

    from vaekit.errors import VaekitError

    with pytest.raises(VaekitError, match="it was ended by SIGKILL"):
        check._last_output("import os; os.kill(os.getpid(), 9)", {})
    assert check._last_output("print('chatter'); print('[1]')", {}) == [1]


# run.sh


def shell(*args, tree=BENCHMARKS, **environment):
    kept = {n: v for n, v in os.environ.items() if n not in ("OUT", "DATA")}
    return subprocess.run(
        ["bash", str(tree / "gpu" / "run.sh"), *args],
        env={**kept, **environment},
        capture_output=True,
        text=True,
        timeout=300,
    )


@pytest.fixture
def tree(tmp_path):
    """benchmarks/ with run.sh, which finds wheels, and a Python that takes down what it is asked.

    It fails for whatever the variable FAILING names.
    """
    gpu = tmp_path / "tree" / "benchmarks" / "gpu"
    (gpu / ".wheels").mkdir(parents=True)
    (gpu / ".wheels" / "a.whl").touch()
    (gpu / ".wheels" / "commit").write_text("0123456789\n")
    (gpu / "run.sh").write_bytes((BENCHMARKS / "gpu" / "run.sh").read_bytes())
    python = tmp_path / "python"
    python.write_text(
        f'#!/bin/sh\necho "$@" >> {tmp_path}/asked\n'
        'case "$*" in *${FAILING:-nothing}*) exit 1 ;; esac\n'
    )
    python.chmod(0o755)
    return gpu.parent


@pytest.mark.parametrize(
    ("args", "more", "sentence"),
    [
        (["qualty"], {}, "there is no part 'qualty': say check, kit, peers, quality or all."),
        (["kit", "peers"], {}, "it takes one word, not 2"),
        (["quality"], {}, "quality needs MNIST: set DATA"),
        (["all"], {"DATA": "/nowhere/mnist"}, "DATA is /nowhere/mnist, and there is no such"),
        (["all"], {"OUT": ""}, "set OUT to a folder"),
    ],
)
def test_run_refuses_before_anything_else(tree, tmp_path, args, more, sentence):
    done = shell(*args, tree=tree, **{"OUT": str(tmp_path / "out"), **more})
    assert done.returncode == 2
    assert done.stderr.startswith(f"run.sh: {sentence}")
    assert not (tmp_path / "out").exists()


def test_run_without_wheels_says_to_prepare_them(tree, tmp_path):
    (tree / "gpu" / ".wheels" / "a.whl").unlink()
    done = shell("check", tree=tree, OUT=str(tmp_path / "out"))
    assert done.returncode == 2
    assert "run prepare.sh first" in done.stderr


@pytest.mark.parametrize(
    ("failing", "names"),
    [
        ("vaekit", "kit in float32, kit in mixed_bfloat16"),
        ("peers-float32", "peers in float32"),
        ("fast", "quality by fast"),
    ],
)
def test_a_part_that_fails_keeps_no_other_from_being_measured(tree, tmp_path, failing, names):
    more = {"OUT": str(tmp_path / "out"), "DATA": str(tmp_path), "FAILING": failing}
    done = shell(tree=tree, PYTHON=str(tmp_path / "python"), **more)
    assert done.returncode == 1
    assert (
        done.stderr == f"run.sh: failed: {names}. What the others measured is in {more['OUT']}.\n"
    )
    asked = (tmp_path / "asked").read_text()
    for part in ("kit-float32", "peers-float32", "kit-mixed", "peers-mixed", "fast", "tutorial"):
        assert part in asked


def test_nothing_is_measured_on_a_device_that_the_check_refuses(tree, tmp_path):
    more = {"OUT": str(tmp_path / "out"), "FAILING": "check.py"}
    done = shell(tree=tree, PYTHON=str(tmp_path / "python"), **more)
    assert done.returncode == 1
    assert done.stderr == "run.sh: the check failed, so nothing was measured.\n"
    assert "bench" not in (tmp_path / "asked").read_text().replace("benchmarks/gpu", "")
