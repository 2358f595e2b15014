"""`vaekit prove`: claims, their outcomes, and the certificate."""

from __future__ import annotations

import html
import json

import numpy as np
import pytest
from click.testing import CliRunner

from vaekit.cli import main
from vaekit.plugins import discover
from vaekit.proof import backends
from vaekit.proof.certificate import certificate
from vaekit.proof.claim import Claim, at_most, holds, near, tried, within
from vaekit.proof.extent import Extent
from vaekit.proof.installed_plugins import claims_of_plugins
from vaekit.proof.laws import claims_of_laws
from vaekit.proof.likelihoods import claims_of_likelihoods
from vaekit.proof.losses import claims_of_losses
from vaekit.proof.page import page
from vaekit.proof.principal_components import best_linear_vae, images_of
from vaekit.registry import BrokenPlugin
from vaekit.testing import CheckSkipped

ENVIRONMENT = {
    "backend": "jax",
    "versions": {"python": "3", "vaekit": "1"},
    "machine": {"devices": ["cpu:0"], "processor": "<fast>", "cores": 2, "system": "s"},
}


def finding(status="passed", name="a<b"):
    values = {"expected": "1", "got": "2", "tolerance": "0", "seconds": 0.1}
    return {"backend": "jax", "area": "laws", "name": name, "what": "w", "status": status, **values}


def outcome(compare):
    (result,) = tried([Claim("area", "name", "what", compare)], "here")
    return result


def raising(error):
    def compare():
        raise error

    return compare


# On the other backends it is `vaekit prove` that tries them: JAX compiles each shape anew.
@pytest.mark.parametrize("claims", [claims_of_laws, claims_of_likelihoods, claims_of_losses])
def test_closed_forms_hold_here(claims):
    findings = [*tried(claims(), "here")]
    assert len(findings) > 8
    assert [f.title for f in findings if f.status == "failed"] == []


def test_outcomes():
    assert outcome(lambda: near([1.0, 2.0], [1.0, 2.0])).status == "passed"
    worst = outcome(lambda: near([1.0, 2.0], [1.0, 2.5]))
    assert (worst.status, worst.expected, worst.got) == ("failed", "2 (the furthest of 2)", "2.5")
    assert outcome(lambda: near([1.0], [1.0, 2.0])).status == "failed"
    assert outcome(lambda: near(1.0, np.nan)).status == "failed"
    assert outcome(lambda: within(1.0, 1.2, 0.1)).status == "passed"
    assert outcome(lambda: within(1.0, 1.6, 0.1)).status == "failed"
    assert outcome(lambda: at_most(1.0, 0.5)).status == "passed"
    assert outcome(lambda: at_most([1.0, 1.0], [0.0, 1.1], slack=0.05)).status == "failed"
    assert outcome(lambda: at_most(1.0, np.nan)).status == "failed"
    assert outcome(lambda: holds(False, "so", "otherwise")).got == "otherwise"
    assert outcome(raising(CheckSkipped("not here"))).status == "skipped"
    assert outcome(raising(AssertionError("It is wrong."))).got == "It is wrong."
    assert outcome(raising(KeyError("x"))).got == "KeyError: 'x'"


def test_the_best_linear_vae_is_that_of_tipping_and_bishop():
    eigenvalues = np.concatenate([[0.02, 0.01, 0.004], np.full(61, 0.001)])
    images = images_of(eigenvalues, 300)
    learned = best_linear_vae(images, 2)
    np.testing.assert_allclose(learned.eigenvalues, eigenvalues, rtol=1e-4)
    assert learned.variance == pytest.approx((0.004 + 61 * 0.001) / 62, rel=1e-4)
    assert learned.alive.all()
    assert best_linear_vae(images, 3, sigma=0.08).alive.tolist() == [True, True, False]
    # No other variance is likelier, and no model of fewer latents.
    others = [best_linear_vae(images, 2, s * learned.variance**0.5) for s in (0.9, 1.1)]
    assert all(other.log_prob < learned.log_prob for other in others)
    assert best_linear_vae(images, 1).log_prob < learned.log_prob


def test_images_that_leave_black_and_white_are_refused():
    with pytest.raises(ValueError, match="leave"):
        images_of(np.full(64, 1.0), 100)


@pytest.mark.parametrize(
    ("statuses", "code"), [(["passed", "skipped"], 0), (["passed", "failed"], 1), (["skipped"], 1)]
)
def test_the_command_certifies_what_was_found(tmp_path, monkeypatch, statuses, code):
    def findings_on(backend, extent):
        assert (backend, extent) == ("tensorflow", Extent(quick=True))
        yield {"environment": ENVIRONMENT}
        yield from (finding(status) for status in statuses)

    monkeypatch.setattr(backends, "findings_on", findings_on)
    out = tmp_path / "new" / "proof"
    asked = ["prove", "--quick", "--backends", "tensorflow", "--out", str(out)]
    done = CliRunner().invoke(main, asked)
    assert done.exit_code == code
    proof = json.loads((out / "certificate.json").read_text())
    assert proof["proved"] == (code == 0)
    assert [f["status"] for f in proof["findings"]] == statuses
    assert proof["environments"]["tensorflow"] == ENVIRONMENT
    shown = (out / "certificate.html").read_text()
    assert "a&lt;b" in shown
    for sentence in proof["left_out"]:
        assert f"Left out: {sentence}." in done.stdout
        assert f"<li>{sentence}</li>" in html.unescape(shown)
    assert "the backend torch" in proof["left_out"]
    assert "&lt;fast&gt;" in shown


def test_a_page_shows_what_failed_first():
    skipped = finding("skipped", "idle") | {"got": "no density"}
    findings = [finding(name="fine"), skipped, finding("failed", "wrong")]
    shown = page(certificate({}, findings, Extent()))
    assert shown.index("wrong") < shown.index("fine") < shown.index("idle")
    assert "Something doesn't hold" in shown
    assert "1 failed, 1 passed, 1 skipped" in shown
    assert "<td>no density</td>" in shown


def test_what_is_left_out_is_said():
    everything = Extent(conformance=True).left_out
    assert not any("--quick" in sentence or "conformance" in sentence for sentence in everything)
    assert any("--quick" in sentence for sentence in Extent(quick=True).left_out)
    assert any("--conformance" in sentence for sentence in Extent().left_out)
    assert "parts of other, more, by --no-plugin" in "".join(
        Extent(without=("other", "more")).left_out
    )


def test_a_plugin_that_cannot_be_loaded_is_a_failure(monkeypatch):
    broken = BrokenPlugin("point", "other", "1", "no module 'x'", "")
    monkeypatch.setattr(discover().registry, "broken", [broken])
    *fine, other = tried(claims_of_plugins(), "here")
    assert "vaekit" in {loaded.name.split()[0] for loaded in fine if loaded.status == "passed"}
    assert (other.status, other.got) == ("failed", "no module 'x'")


def test_a_process_that_ends_before_its_time_is_told(monkeypatch):
    monkeypatch.setattr(backends, "_CHILD", "import sys; sys.exit('no memory')  # {extent}")
    (told,) = backends.findings_on("tensorflow", Extent())
    assert (told["status"], told["got"]) == ("failed", "no memory")


@pytest.mark.parametrize("names", ["caffe", "tensorflow,caffe"])
def test_another_backend_is_refused(names):
    done = CliRunner().invoke(main, ["prove", "--backends", names])
    assert done.exit_code == 2
    assert "There is no backend 'caffe'" in done.stderr
