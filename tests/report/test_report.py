"""What a report holds of runs of each kind, and what bad input gets."""

from __future__ import annotations

import base64
import json
import re
import shutil
import sys

import numpy as np
import pytest

import vaekit
from tests.bad_input.refusals import refused
from tests.cli.commands import cli
from tests.codes import CODES, Numbered
from tests.held_runs import held_elsewhere
from tests.small_nets import SMALL_NETS
from vaekit.errors import UserError
from vaekit.figures.draw import draw_figures
from vaekit.plugins import discovery
from vaekit.report import gather, pictures, report_page
from vaekit.report.diagram import diagram_of
from vaekit.run import RunDirectory, verify_run

SMALL = {**SMALL_NETS, "data": "digits", "limit": 40, "batch_size": 8, "epochs": 1}


def trained(folder, **options):
    return vaekit.train(**{**SMALL, "figures": False, "progress": False, "out": folder, **options})


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """Two values of z."""
    return trained(tmp_path_factory.mktemp("plain") / "run", epochs=2, metric="active-units")


@pytest.fixture(scope="module")
def wide(tmp_path_factory):
    """Eight values of z, and a class that goes with an image."""
    folder = tmp_path_factory.mktemp("wide") / "run"
    return trained(folder, latent_dim=8, condition="labels")


@pytest.fixture(scope="module")
def map_run(tmp_path_factory):
    """z is a map."""
    nets = {"encoder": "conv5", "decoder": "deconv4"}
    nets |= {"encoder_opt": {"width": 4}, "decoder_opt": {"width": 4}}
    return trained(tmp_path_factory.mktemp("map") / "run", latent_opt={"grid": True}, **nets)


@pytest.fixture(scope="module")
def codes_run(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(discovery, "_local_parts", {**discovery._local_parts})
        vaekit.register_latent("numbered", Numbered)
        yield trained(tmp_path_factory.mktemp("codes") / "run", latent="numbered", latent_dim=3)
    discovery.discover.cache_clear()


def contents_of(run, **options):
    return gather(run, run.held_out(), run.diagnose_history(), **options)


def floats(text, *shape):
    return np.frombuffer(base64.b64decode(text), "<f4").reshape(*shape)


def data_in(path):
    text = path.read_text("utf-8")
    (data,) = re.findall(r'<script type="application/json" id="page-data">(.*?)</script>', text)
    return json.loads(data)


def test_two_values_are_one_plane_of_themselves(plain):
    contents = contents_of(plain)
    latent = contents.data["latent"]
    z = plain.latents(plain.held_out().images)
    np.testing.assert_array_equal(floats(latent["z"], len(z), 2), z)
    (plane,) = latent["planes"]
    np.testing.assert_array_equal(floats(plane["points"], len(z), 2), z)
    assert plane["prior"]
    assert latent["class_names"][3] == "3"
    assert contents.data["images"]["sheet"]["count"] == len(z) == contents.shown == contents.of
    assert contents.data["condition"] is None
    assert "Manifold" in contents.pictures.pictures


def test_eight_values_have_components_the_largest_kl_and_neighbours(wide):
    contents = contents_of(wide)
    latent = contents.data["latent"]
    first, second, last = latent["planes"]
    z = wide.latents(wide.held_out().images)
    kl = np.array([wide.history[-1][f"val_kl_dim_{n}"] for n in range(8)])
    np.testing.assert_array_equal(latent["order"], np.argsort(-kl))
    np.testing.assert_array_equal(floats(second["points"], len(z), 2), z[:, latent["order"][:2]])
    origin, axes = floats(first["origin"], 8), floats(first["axes"], 2, 8)
    points = floats(first["points"], len(z), 2)
    np.testing.assert_allclose((z - origin) @ axes.T, points, atol=1e-5)
    assert last["name"] == "t-SNE"
    assert last["origin"] is last["axes"] is None
    condition = contents.data["condition"]
    assert condition["classes"] == len(condition["names"]) == 10
    assert any(sentence.startswith("Manifold") for sentence in contents.left_out)


@pytest.mark.parametrize(
    ("name", "drawn_anew"), [("plain", 2), pytest.param("wide", 1, marks=pytest.mark.slow)]
)
def test_what_lies_in_files_already_is_taken_from_them_and_is_the_same(
    request, name, drawn_anew, tmp_path, monkeypatch
):
    copy = tmp_path / "run"
    shutil.copytree(request.getfixturevalue(name).path, copy)
    run = vaekit.load(copy)
    before = contents_of(run, neighbours=False).pictures
    files = draw_figures(run, run.held_out().images)
    drawn = []
    png = pictures._png
    monkeypatch.setattr(pictures, "_png", lambda figure: drawn.append(figure) or png(figure))
    assert contents_of(run, neighbours=False, drawn=files).pictures == before
    assert len(drawn) == drawn_anew  # interpolations, and traversals where they have no file
    # A page that shows fewer images than the files has those that are of images anew.
    fewer = contents_of(run, most=20, neighbours=False)
    assert contents_of(run, most=20, neighbours=False, drawn=files).pictures == fewer.pictures
    (copy / "figures" / "samples.png").unlink()
    assert contents_of(run, neighbours=False, drawn=files).pictures == before


def test_without_scikit_learn_neighbours_are_left_out_and_it_is_said(wide, monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.manifold", None)
    contents = contents_of(wide)
    assert "t-SNE" not in [plane["name"] for plane in contents.data["latent"]["planes"]]
    assert any("vaekit[digits]" in sentence for sentence in contents.left_out)


def test_the_drawing_has_the_way_of_the_image_and_no_labels(wide):
    diagram = diagram_of(wide.model)
    assert (diagram.encoder[0].kind, diagram.encoder[0].shape) == (
        "image",
        "8 \N{MULTIPLICATION SIGN} 8 \N{MULTIPLICATION SIGN} 1",
    )
    assert (diagram.encoder[-1].kind, diagram.encoder[-1].shape) == (
        "2 \N{MULTIPLICATION SIGN} Dense",
        "8",
    )
    assert [box.kind for box in diagram.decoder] == ["Concatenate", "Dense", "Dense"]
    assert not any("Embedding" in box.layers for box in (*diagram.encoder, *diagram.decoder))
    weights = [box.layers.rsplit(", ", 1)[1] for box in diagram.decoder]
    assert weights == ["0 weights", f"{19 * 8} weights", f"{9 * 64} weights"]


def test_a_map_is_shown_by_components_and_pooled(map_run):
    contents = contents_of(map_run, neighbours=False)
    latent = contents.data["latent"]
    assert latent["shape"] == list(map_run.latent_shape)
    assert latent["size"] == map_run.latent_dim
    assert latent["kl"] is None
    assert [plane["name"] for plane in latent["planes"]][::2] == ["PCA", "pooled z_mean"]
    assert contents.data["units"]["channels"]
    assert any(sentence.startswith("Traversals") for sentence in contents.left_out)


def test_codes_are_counted_and_have_no_way_back_from_the_map(codes_run):
    contents = contents_of(codes_run)
    (usage,) = contents.data["codes"]
    numbers = codes_run.encode(codes_run.held_out().images).code
    counts = np.unique(numbers, return_counts=True)[1]
    assert usage["counts"] == sorted(counts.tolist(), reverse=True)
    assert usage["size"] == CODES
    shares = counts / counts.sum()
    assert usage["perplexity"] == pytest.approx(np.exp(-np.sum(shares * np.log(shares))))
    assert contents.data["units"] is None
    assert all(plane["axes"] is None for plane in contents.data["latent"]["planes"])
    assert any(sentence.startswith("Samples") for sentence in contents.left_out)
    assert "perplexity" in report_page(codes_run, contents)


def test_images_without_labels_have_no_classes(plain):
    pixels = np.asarray(plain.held_out().images.pixels[:])
    contents = gather(plain, plain.held_out(pixels), plain.diagnose_history())
    assert contents.data["latent"]["labels"] is contents.data["latent"]["class_names"] is None
    assert contents.split == "all"


def test_fewer_images_are_spread_over_all(plain):
    contents = contents_of(plain, most=5)
    z = plain.latents(plain.held_out().images)
    rows = np.linspace(0, len(z) - 1, 5).round().astype(int)
    np.testing.assert_array_equal(floats(contents.data["latent"]["z"], 5, 2), z[rows])
    assert (contents.shown, contents.of) == (5, len(z))


def test_the_command_repeats_the_run(plain):
    words = contents_of(plain).facts.command.split()
    assert words[:2] == ["vaekit", "train"]
    for flag, value in (("--data", "digits"), ("--limit", "40"), ("--epochs", "2")):
        assert words[words.index(flag) + 1] == value


def test_curves_and_metrics_are_those_of_the_run(plain):
    contents = contents_of(plain)
    terms = {term["name"]: term for term in contents.data["curves"]["terms"]}
    assert terms["elbo"]["validation"] == [row["val_elbo"] for row in plain.history]
    assert terms["mse"]["training"] is None
    assert "epoch" not in terms
    assert {row.figure for row in contents.metrics} >= {"active_units"}


def test_the_command_writes_a_page_that_is_one_of_the_runs_files(plain):
    out = cli("report", plain.path)
    assert out == f"{plain.path / 'report.html'}\n"
    assert '"report.html"' in (plain.path / "manifest.json").read_text()
    assert verify_run(plain.path) == []
    assert data_in(plain.path / "report.html")["images"]["sheet"]["count"] > 0
    with pytest.raises(vaekit.RunError, match="holds"):
        RunDirectory(plain.path).refuse_existing()


def test_a_page_alone_keeps_a_new_run_out(tmp_path):
    (tmp_path / "report.html").write_text("mine")
    with pytest.raises(UserError, match=r"holds 'report.html' already"):
        trained(tmp_path)


@pytest.mark.pictures
@pytest.mark.parametrize(
    ("options", "written"), [({}, True), ({"report": False}, False), ({"figures": False}, False)]
)
def test_training_makes_it_unless_it_is_not_wanted(tmp_path, options, written):
    run = trained(tmp_path / "run", **{"figures": True, "gif": False, "latent_dim": 3, **options})
    assert run.directory.report.exists() == written
    if written:
        text = run.directory.report.read_text("utf-8")
        assert "t-SNE" in text
        assert "vaekit report" in text


@pytest.mark.pictures
def test_a_report_that_cant_be_made_is_said_and_ends_no_training(tmp_path, monkeypatch, capsys):
    def refuse(run, images, drawn):
        raise UserError("Its latent has no map.")

    monkeypatch.setattr("vaekit.report.write_first_report", refuse)
    run = trained(tmp_path / "run", figures=True, gif=False, progress=True)
    assert run.record.status == "complete"
    assert "report.html is left out: Its latent has no map.\n" in capsys.readouterr().out


def test_bad_input_is_refused(plain, tmp_path):
    copy = shutil.copytree(plain.path, tmp_path / "run")
    refused(tmp_path, "report", tmp_path, match="holds no run")
    refused(tmp_path, "report", copy, "--out", "page.pdf", match=r"end page.pdf in .html")
    (copy / "history.csv").unlink()
    refused(tmp_path, "report", copy, match=r"history.csv ends before epoch 2")
    record = json.loads((copy / "run.json").read_text())
    (copy / "manifest.json").unlink()
    (copy / "run.json").write_text(json.dumps({**record, "format": 9}))
    refused(tmp_path, "report", copy, match="not a run record that this vaekit can read")


def test_a_run_that_is_written_is_refused(plain, tmp_path):
    copy = shutil.copytree(plain.path, tmp_path / "run")
    with held_elsewhere(copy):
        refused(tmp_path, "report", copy, match="Another process is writing")


def test_a_run_on_arrays_needs_them_again(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (40, 8, 8), "uint8")
    run = trained(tmp_path / "run", data=images)
    with pytest.raises(UserError, match="trained on an array"):
        run.report()
    assert run.report(data=images).exists()
