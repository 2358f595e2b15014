"""The runs behind estimators: where they are, when they go, and what a pickle has of them."""

from __future__ import annotations

import copy
import io
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
import zipfile

import numpy as np
import pytest

import vaekit
from vaekit.sklearn import VAE
from vaekit.sklearn.packed import packed, unpack

TINY = {"units": (4,)}
OPTIONS = {"encoder_opt": TINY, "decoder_opt": TINY, "epochs": 1, "random_state": 0}
TABLE = np.random.default_rng(0).normal(size=(40, 3))
READ = """
import pickle, sys
import numpy as np
estimator = pickle.load(open(sys.argv[1], "rb"))
table = np.load(sys.argv[2])
with open(sys.argv[3], "wb") as file:
    np.savez(file, codes=estimator.transform(table), scores=estimator.score_samples(table),
             drawn=estimator.sample(5), names=estimator.get_feature_names_out().astype(str))
"""


@pytest.fixture(scope="module")
def fitted() -> VAE:
    return VAE(**OPTIONS).fit(TABLE)


def test_a_temporary_run_goes_with_its_estimator():
    estimator = VAE(**OPTIONS).fit(TABLE)
    first = estimator.run_.path
    assert (first / "run.json").exists()
    estimator.fit(TABLE + 1)
    second = estimator.run_.path
    assert second != first
    assert not first.exists()
    copied = copy.deepcopy(estimator)
    del estimator
    assert not second.exists()
    assert copied.transform(TABLE).shape == (40, 2)


def test_a_run_in_out_stays_and_is_like_any_other(tmp_path):
    estimator = VAE(**OPTIONS, out=tmp_path / "runs").fit(TABLE)
    codes = estimator.transform(TABLE)
    pixels = estimator.scaling_.pixels(TABLE).reshape(-1, 1, 3, 1)
    del estimator
    (path,) = (tmp_path / "runs").iterdir()
    run = vaekit.load(path)
    assert run.record.status == "complete"
    np.testing.assert_array_equal(run.latents(vaekit.Images(pixels)), codes)


def test_out_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "taken").write_text("")
    with pytest.raises(vaekit.RunError, match="taken"):
        VAE(**OPTIONS, out=tmp_path / "taken").fit(TABLE)


@pytest.mark.slow
def test_a_pickle_is_read_in_another_process(fitted, tmp_path):
    (tmp_path / "estimator.pickle").write_bytes(pickle.dumps(fitted))
    np.save(tmp_path / "table.npy", TABLE)
    files = [str(tmp_path / name) for name in ("estimator.pickle", "table.npy", "out.npz")]
    subprocess.run([sys.executable, "-c", READ, *files], check=True)
    with np.load(files[-1]) as read:
        np.testing.assert_array_equal(read["codes"], fitted.transform(TABLE))
        np.testing.assert_array_equal(read["scores"], fitted.score_samples(TABLE))
        np.testing.assert_array_equal(read["drawn"], fitted.sample(5))
        assert list(read["names"]) == ["vae0", "vae1"]


def test_a_pickle_gives_equal_outputs(fitted):
    read = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(read.transform(TABLE), fitted.transform(TABLE))
    assert read.run_.path != fitted.run_.path


def test_what_is_pickled_is_the_runs_files(fitted):
    state = pickle.loads(pickle.dumps(fitted))._kept.__getstate__()
    with zipfile.ZipFile(io.BytesIO(state["files"])) as archive:
        names = archive.namelist()
    held = {path.relative_to(fitted.run_.path) for path in fitted.run_.path.rglob("*")}
    assert {"run.json", "VAE.keras", "manifest.json"} <= set(names) <= {str(p) for p in held}


def test_a_pickled_run_that_was_changed_is_refused(fitted):
    changed = pickle.loads(pickle.dumps(fitted))
    content = changed._kept.__getstate__()["files"]
    at = content.index(b'"epochs_done": 1')
    changed._kept.__setstate__({"files": content[:at] + b'"epochs_done": 2' + content[at + 16 :]})
    with pytest.raises(vaekit.RunError, match=r"run\.json"):
        changed.transform(TABLE)


@pytest.mark.parametrize("name", ["../out", "/out", "a/../../out", "a\\..\\out"])
def test_a_file_that_leads_out_is_refused(tmp_path, name):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr(name, "x")
    (tmp_path / "run").mkdir()
    with pytest.raises(vaekit.RunError, match="has a file"):
        unpack(content.getvalue(), tmp_path / "run")
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_a_packed_member_and_a_damaged_archive_are_refused(tmp_path):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb", bytes(2**20))
    with pytest.raises(vaekit.RunError, match="is packed"):
        unpack(content.getvalue(), tmp_path)
    (tmp_path / "file").write_text("abc")
    whole = packed(tmp_path)
    with pytest.raises(vaekit.RunError, match="can't be restored"):
        unpack(whole.replace(b"abc", b"abd"), tmp_path)


def test_a_signal_ends_a_fit_which_could_go_on(tmp_path):
    def interrupt() -> None:
        while not list(tmp_path.glob("runs/*/history.csv")):
            time.sleep(0.02)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt, daemon=True).start()
    estimator = VAE(**{**OPTIONS, "epochs": 10**6}, out=tmp_path / "runs")
    with pytest.raises(KeyboardInterrupt):
        estimator.fit(TABLE)
    (path,) = (tmp_path / "runs").iterdir()
    assert vaekit.load(path).record.stopped_by == "SIGINT"


def test_without_scikit_learn_an_error_says_what_to_install(tmp_path):
    code = (
        "import sys, importlib.metadata as m\n"
        "real = m.version\n"
        "def version(name):\n"
        "    if name == 'scikit-learn': raise m.PackageNotFoundError(name)\n"
        "    return real(name)\n"
        "m.version = version\n"
        "import vaekit\n"
        "try:\n    import vaekit.sklearn\n"
        "except vaekit.UserError as error: print(error)\n"
        "print('sklearn' in sys.modules, 'keras' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    said, loaded = done.stdout.splitlines()
    assert said.endswith("not installed: pip install 'vaekit[sklearn]'.")
    assert loaded == "False False"
