"""`vaekit score` and `Run.score`: each image's part in what `vaekit evaluate` gives."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

from tests.cli.commands import cli

NAMES = ["loss", "reconstruction", "kl", "elbo", "mse", "psnr"]


def check_means(scores, result):
    for name in NAMES[:-1]:
        assert np.asarray(scores[name], float).mean() == pytest.approx(result[name], rel=1e-5)
    psnr = -10 * np.log10(np.asarray(scores["mse"], float))
    np.testing.assert_allclose(scores["psnr"], psnr, rtol=1e-5)


def test_means_are_what_evaluate_gives(run, run_folder, tmp_path):
    """Of the run's own data, without a word of which: 180 of 1797 images."""
    import pandas as pd

    out = tmp_path / "scores.csv"
    assert cli("score", run_folder, "--out", out) == f"{out}: 180 images (validation)\n"
    frame = pd.read_csv(out)
    assert list(frame) == ["index", "label", *NAMES]
    check_means(frame, run.evaluate())
    held_out = run.held_out()
    assert frame["label"].tolist() == held_out.images.labels.tolist()
    scores = run.score(held_out.images)
    for name in NAMES:
        assert (scores[name].shape, scores[name].dtype) == ((180,), np.float32)
        np.testing.assert_array_equal(frame[name].to_numpy("float32"), scores[name])


@pytest.mark.parametrize(
    ("split", "count", "said"), [((), 12, "test"), (("--split", "all"), 42, "all")]
)
def test_split(run, run_folder, split_npz, tmp_path, split, count, said):
    out = tmp_path / "scores.h5"
    text = cli("score", run_folder, "--data", split_npz, "--out", out, *split)
    assert text == f"{out}: {count} images ({said})\n"
    with h5py.File(out) as file:
        scores = {name: file[name][()] for name in NAMES}
        labels = file["label"][()]
    np.testing.assert_array_equal(labels, (np.arange(42) % 10)[-count:])
    if said == "test":
        check_means(scores, run.evaluate(split_npz))


def test_an_image_alone_has_nearly_the_score_that_it_has_among_others(run, digits):
    """Another draw of z, but the same image: the KL is no draw's."""
    among, alone = run.score(digits), run.score(digits[3:4])
    assert alone["kl"][0] == pytest.approx(among["kl"][3], rel=1e-4)
    assert alone["mse"][0] != among["mse"][3]
