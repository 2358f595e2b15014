"""A run whose parts are missing, broken, left out or of another version now: what it says."""

from __future__ import annotations

import json
import shutil
import warnings

import numpy as np
import pytest
from click.testing import CliRunner

import vaekit
from tests.installed import WIDE
from tests.small_nets import SMALL_NETS
from vaekit.cli import main
from vaekit.errors import RunError, UserError
from vaekit.plugins import selected

OFFER = """
    import vaekit

    @vaekit.hookimpl
    def register_encoders(register):
        register("wide", "vaekit.default_plugins.conv5:conv5")
"""
DATA = """
    import numpy as np
    import vaekit

    def dots():
        pixels = np.random.default_rng(0).random((40, 8, 8, 1), dtype="float32")
        return vaekit.Dataset("dots", vaekit.Images(pixels))

    @vaekit.hookimpl
    def register_datasets(register):
        register("dots", dots)
"""


def changed(run_folder, tmp_path, **parts):
    """A copy of a run that says other things of its parts."""
    folder = shutil.copytree(run_folder, tmp_path / "copy")
    record = json.loads((folder / "run.json").read_text())
    for kind, values in parts.items():
        record["parts"][kind].update(values)
    (folder / "run.json").write_text(json.dumps(record))
    (folder / "manifest.json").unlink()  # which would call it damaged
    return folder


def of_wide(version="1.2", **more):
    return {"name": "wide", "distribution": "vaekit-wide", "version": version, **more}


def evaluate(folder):
    words = ["evaluate", str(folder), "--limit", "8"]
    done = CliRunner().invoke(main, words, prog_name="vaekit")
    return done.exit_code, done.stderr


def test_an_unchanged_run_says_nothing(run_folder):
    with warnings.catch_warnings():
        warnings.simplefilter("error", vaekit.VaekitWarning)
        vaekit.load(run_folder)
    assert evaluate(run_folder) == (0, "")


def test_a_run_of_a_part_that_came_to_the_kit_goes_on(tmp_path):
    nets = {"encoder": "mlp", "decoder": "mlp", "encoder_opt": {"units": [4]}}
    few = {"data": "digits", "limit": 32, "epochs": 1, "figures": False, "progress": False}
    run = vaekit.train(**nets, **few, out=tmp_path / "run")
    then = {"distribution": "vaekit-backbones", "version": "0.1.0"}
    folder = changed(run.path, tmp_path, encoder=then, decoder=then)
    record = json.loads((folder / "run.json").read_text())
    record["config"]["encoder"] = "mlp@vaekit-backbones"
    (folder / "run.json").write_text(json.dumps(record))
    with warnings.catch_warnings():
        warnings.simplefilter("error", vaekit.VaekitWarning)
        loaded = vaekit.load(folder)
        np.testing.assert_array_equal(loaded.sample(2), run.sample(2))
        longer = vaekit.resume(folder, epochs=2, progress=False)
    assert longer.record.parts["encoder"].distribution == "vaekit"
    assert longer.config.encoder == "mlp"


def test_another_version_is_told_once_for_all_of_its_parts(run_folder, tmp_path):
    old = {"version": "0.0.1"}
    folder = changed(run_folder, tmp_path, encoder=old, decoder=old, loss=old)
    said = (
        f"The run was made with vaekit 0.0.1, and {vaekit.__version__} is installed: "
        "pip install vaekit==0.0.1"
    )
    with pytest.warns(vaekit.VaekitWarning) as caught:
        vaekit.load(folder)
    assert [str(warning.message) for warning in caught] == [said]
    assert evaluate(folder) == (0, f"vaekit: {said}\n")


def test_going_on_with_another_version_is_refused(site, run_folder, tmp_path):
    site.install("vaekit-wide", OFFER, version="2.0")
    site.discover()
    folder = changed(run_folder, tmp_path, encoder=of_wide())
    with pytest.raises(RunError) as caught:
        vaekit.resume(folder, epochs=3, progress=False)
    assert "encoder: was wide of vaekit-wide 1.2, is wide of vaekit-wide 2.0" in str(caught.value)
    assert str(caught.value).endswith("pip install vaekit-wide==1.2")


@pytest.mark.parametrize(
    ("options", "failure"),
    [
        ({}, "weights have other shapes"),
        ({"depth": 3}, "The encoder 'wide' has no option 'depth'"),
    ],
)
def test_what_fails_with_another_version_says_which_to_install(
    site, run_folder, tmp_path, options, failure
):
    site.install("vaekit-wide", WIDE, version="2.0")
    site.discover()
    folder = changed(run_folder, tmp_path, encoder=of_wide(options=options))
    record = json.loads((folder / "run.json").read_text())
    record["config"]["encoder_opt"] = options
    (folder / "run.json").write_text(json.dumps(record))
    advice = (
        "The run was made with vaekit-wide 1.2, and 2.0 is installed: pip install vaekit-wide==1.2"
    )
    going_on = {"epochs": 3, "allow_change": ["encoder", "encoder_opt"]}
    for call in (lambda: vaekit.load(folder), lambda: vaekit.resume(folder, **going_on)):
        with pytest.raises(RunError) as caught:
            call()
        assert failure in str(caught.value)
        assert str(caught.value).endswith(advice)
    code, err = evaluate(folder)
    assert code == 2
    assert len(err.splitlines()) == 1


def test_a_part_that_its_distribution_no_longer_has(site, run_folder, tmp_path):
    site.install("vaekit-wide", DATA, version="2.0")
    site.discover()
    folder = changed(run_folder, tmp_path, encoder=of_wide())
    expected = (
        "vaekit: The run was made with the encoder 'wide', which vaekit-wide 2.0 does not have: "
        "pip install vaekit-wide==1.2\n"
    )
    assert evaluate(folder) == (2, expected)


def test_a_part_whose_plugin_is_broken(site, run_folder, tmp_path):
    site.install("vaekit-wide", "raise RuntimeError('boom')", version="1.2")
    site.discover()
    folder = changed(run_folder, tmp_path, encoder=of_wide())
    expected = (
        "vaekit: The run needs a part that is broken. The encoder 'wide@vaekit-wide' can't be "
        "had, because the plugin vaekit-wide-point of vaekit-wide 1.2 is broken: "
        "RuntimeError: boom\n"
    )
    assert evaluate(folder) == (2, expected)


def test_a_part_whose_plugin_is_left_out(site, run_folder, tmp_path):
    site.install("vaekit-wide", OFFER, version="1.2")
    folder = changed(run_folder, tmp_path, encoder=of_wide())
    assert vaekit.load(folder).config.latent_dim == 2
    with selected(without=["vaekit-wide"]), pytest.raises(RunError) as caught:
        vaekit.load(folder)
    assert str(caught.value) == (
        "The run was made with the encoder 'wide', which is left out with its distribution "
        "vaekit-wide: drop --no-plugin, or unset VAEKIT_DISABLE_PLUGINS."
    )


def test_a_plugins_data_set_is_recorded_and_missed(site, tmp_path):
    info = site.install("vaekit-dots", DATA, version="0.7")
    site.discover()
    folder = tmp_path / "run"
    few = {"epochs": 1, "batch_size": 8, "progress": False, **SMALL_NETS}
    vaekit.train(data="dots", out=str(folder), **few)
    data = json.loads((folder / "run.json").read_text())["data"]
    whose = {name: data["part"][name] for name in ("name", "distribution", "version")}
    assert whose == {"name": "dots", "distribution": "vaekit-dots", "version": "0.7"}
    assert data["reread"] == "dots@vaekit-dots"
    assert evaluate(folder) == (0, "")

    # Another plugin that offers the name later on takes nothing away.
    site.install("another-dots", DATA)
    site.discover()
    assert evaluate(folder) == (0, "")
    with pytest.raises(UserError, match="say dots@another-dots or dots@vaekit-dots"):
        vaekit.load_data("dots")

    shutil.rmtree(info)
    site.discover()
    expected = "which is not installed: pip install vaekit-dots==0.7"
    with pytest.raises(RunError, match=expected):
        vaekit.load(folder).evaluate()
    with pytest.raises(RunError, match=expected):
        vaekit.resume(folder, epochs=2, progress=False)


def test_a_full_name_of_a_data_set_is_read_again(tmp_path):
    folder = tmp_path / "run"
    few = {"epochs": 1, "limit": 16, "batch_size": 8, "progress": False, **SMALL_NETS}
    run = vaekit.train(data="digits@vaekit", out=str(folder), **few)
    assert run.record.data.reread == "digits"
    assert run.evaluate(limit=8)["images"] == 8
