"""What has changed since a run began: refused with a list, or taken and recorded."""

from __future__ import annotations

import json

import keras
import pytest

from tests.resume.runs import EPOCHS, STEPS, resume, train
from vaekit.errors import OptionError, RunError

pytestmark = pytest.mark.backend


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"learning_rate": 1e-3}, "learning_rate: was 0.0005, is 0.001"),
        ({"decoder_opt": {"width": 4}}, "decoder_opt: was "),
        ({"loss": "elbo"}, "loss: was tutorial of vaekit, is elbo of vaekit"),
        ({"limit": 32}, "limit: was 40, is 32"),
        ({"data": "digits", "epochs": 2}, "epochs: was 3, is 2"),
    ],
)
def test_another_option_is_refused_and_nothing_is_touched(copy, change, name):
    before = {p: p.read_bytes() for p in copy.rglob("*") if p.is_file()}
    with pytest.raises(RunError) as caught:
        train(copy, resume=True, **change)
    assert f"\n  {name}" in str(caught.value)
    flag = name.partition(":")[0]
    assert f"allow_change=[{flag!r}" in str(caught.value)
    assert before == {p: p.read_bytes() for p in copy.rglob("*") if p.is_file()}


@pytest.mark.parametrize(
    ("path", "value", "name"),
    [
        (("versions", "keras"), "3.0", "keras: was 3.0, is "),
        (("versions", "vaekit"), "0.0.1", "vaekit: was 0.0.1, is "),
        (("machine", "cores"), 999, "machine: was "),
        (("data", "fingerprint"), "0" * 32, "data: was 0000"),
    ],
)
def test_another_version_machine_or_image_is_refused(copy, path, value, name):
    (copy / "manifest.json").unlink()
    record = json.loads((copy / "run.json").read_text())
    record[path[0]][path[1]] = value
    (copy / "run.json").write_text(json.dumps(record))
    with pytest.raises(RunError) as caught:
        resume(copy, epochs=4)
    assert f"\n  {name}" in str(caught.value)


def test_a_change_may_be_taken_and_is_recorded(copy):
    run = train(copy, resume=True, epochs=4, learning_rate=1e-3, allow_change=["learning-rate"])
    (change,) = run.record.changes
    assert change.when[:2] == "20"
    assert (change.steps_done, change.name) == (STEPS * EPOCHS, "learning_rate")
    assert (change.was, change.now) == (5e-4, 1e-3)
    assert run.config.learning_rate == 1e-3
    assert float(keras.ops.convert_to_numpy(run.history[-1]["epoch"])) == 4


def test_a_change_of_no_known_name_is_refused(copy):
    with pytest.raises(OptionError, match="Did you mean 'learning_rate'"):
        resume(copy, epochs=4, allow_change=["learning_rat"])
