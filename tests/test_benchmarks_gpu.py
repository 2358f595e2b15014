"""What runs on a lent GPU for minutes: its check, and the script that measures all."""

from __future__ import annotations

import os
import subprocess
import tomllib
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


def test_a_package_that_lacks_or_is_another_is_told_before_anything_else(monkeypatch):
    import check

    from vaekit.errors import VaekitError

    check.refuse_missing()
    monkeypatch.setattr(
        check.importlib.metadata,
        "requires",
        lambda name: ["keras<1", "no-such-package>=2", "tensorflow<1", "absent; extra == 'x'"],
    )
    with pytest.raises(VaekitError, match=r"keras is .*, not <1; no-such-package isn't here\."):
        check.refuse_missing()


def test_the_packages_of_a_gpu_machine_are_those_that_the_kit_needs():
    from packaging.requirements import Requirement

    lines = (BENCHMARKS / "gpu" / "packages.txt").read_text().splitlines()
    listed = {Requirement(line).name for line in lines if line and not line.startswith("#")}
    project = tomllib.loads((BENCHMARKS.parent / "pyproject.toml").read_text())["project"]
    needed = {Requirement(text).name for text in project["dependencies"]}
    # What comes with JAX, or isn't measured there.
    assert needed - listed == {"grain", "numpy", "tensorflow"}


# variants


def test_a_variant_that_cant_be_built_is_told_before_any_is_timed(monkeypatch):
    import variants

    from vaekit.errors import UserError

    monkeypatch.setattr("vaekit.startup.select_backend", lambda name: None)
    monkeypatch.setattr(variants, "_row", lambda *_: pytest.fail("it was measured"))
    monkeypatch.setitem(variants.VARIANTS, "odd", (variants.GREY, {"prior": "vampire"}))
    options = {"precision": "float32", "batch_size": 2, "seconds": 0.1, "runs": 1}
    with pytest.raises(UserError, match=r"The variant 'odd' can't be built: .*vampire"):
        variants.measured(("tutorial", "odd"), **options)


def test_a_variant_that_fails_keeps_no_other_from_being_measured(monkeypatch):
    import variants

    from vaekit.errors import VaekitError

    def row(name, *_):
        if name == "vamp":
            raise RuntimeError("no memory\nand more")
        return {"what": name, "median": 1.0}

    monkeypatch.setattr("vaekit.startup.select_backend", lambda name: None)
    monkeypatch.setattr(variants, "_built", lambda *_: None)
    monkeypatch.setattr(variants, "_row", row)
    options = {"precision": "float32", "batch_size": 2, "seconds": 0.1, "runs": 1}
    result, failed = variants.measured(("tutorial", "vamp", "fast"), **options)
    assert failed == result["left_out"] == ["vamp: RuntimeError: no memory"]
    assert [one["what"] for one in result["measurements"]] == ["tutorial", "fast"]
    with pytest.raises(VaekitError, match=r"Nothing could be measured[.] vamp: RuntimeError"):
        variants.measured(("vamp",), **options)


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
        (
            ["qualty"],
            {},
            "there is no part 'qualty': say check, kit, variants, peers, quality or all.",
        ),
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
        ("variants-mixed", "variants in mixed_bfloat16"),
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
    for part in (
        "variants-float32",
        "kit-float32",
        "peers-float32",
        "kit-mixed",
        "peers-mixed",
        "fast",
        "tutorial",
    ):
        assert part in asked


def test_nothing_is_measured_on_a_device_that_the_check_refuses(tree, tmp_path):
    more = {"OUT": str(tmp_path / "out"), "FAILING": "check.py"}
    done = shell(tree=tree, PYTHON=str(tmp_path / "python"), **more)
    assert done.returncode == 1
    assert done.stderr == "run.sh: the check failed, so nothing was measured.\n"
    assert "bench" not in (tmp_path / "asked").read_text().replace("benchmarks/gpu", "")
