"""Runs whose record is from before latents, priors and conditions were parts of it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import vaekit
from tests.resume.runs import result, resume
from vaekit.run_directory.record import parse_record

pytestmark = pytest.mark.backend

# As vaekit at 5c69470 wrote it, but for the machine.
BEFORE = json.loads((Path(__file__).parent / "run_before_latents.json").read_text())


def in_the_form_of(values, form):
    """The entries of a record that a record of before has, down to the fields of its parts."""
    return {
        name: in_the_form_of(value, form[name])
        if name in ("config", "parts", "data") and isinstance(value, dict)
        else value
        for name, value in values.items()
        if name in form
    }


def test_a_record_of_before_is_of_the_normal_latent():
    record = parse_record(BEFORE, "run.json")
    assert list(record.parts) == ["encoder", "decoder", "loss", "latent"]
    latent = record.parts["latent"]
    assert (latent.name, latent.distribution, latent.options) == (
        "normal",
        "vaekit",
        {"grid": False},
    )
    assert (record.config.latent, record.config.prior, record.config.condition) == (
        *("normal", None, None),
    )
    assert record.models_left_out == {}


def test_a_run_of_before_loads_and_goes_on_to_the_bit(whole, copy, tmp_path):
    other = shutil.copytree(copy, tmp_path / "other")
    record = json.loads((copy / "run.json").read_text())
    older = in_the_form_of(record, BEFORE)
    assert "latent" not in older["parts"]
    assert "latent" not in older["config"]
    (copy / "run.json").write_text(json.dumps(older))
    (copy / "manifest.json").unlink()
    (copy / "VAE_posterior.keras").unlink()
    np.testing.assert_array_equal(vaekit.load(copy).sample(3), whole.sample(3))
    assert result(resume(copy, epochs=4)) == result(resume(other, epochs=4))
    assert (copy / "VAE_posterior.keras").exists()
