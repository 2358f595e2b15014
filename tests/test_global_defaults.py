"""What a user has set for Keras as a whole reaches none of the kit's work, and stays as it was."""

from __future__ import annotations

import json
import subprocess
import sys
import threading

import keras
import numpy as np
import pytest

import vaekit
from tests.bad_input.processes import KIT, environment, process
from tests.resume.runs import train
from vaekit.startup import keras_defaults
from vaekit.testing import Check, subject_of

pytestmark = pytest.mark.backend

OTHERS = {"image_data_format": "channels_first", "floatx": "float16", "epsilon": 0.01}


@pytest.fixture
def other_defaults():
    """As a user may have set them, by a call or by keras.json."""
    policy = keras.config.dtype_policy()
    before = {name: getattr(keras.config, name)() for name in OTHERS}
    for name, value in OTHERS.items():
        getattr(keras.config, f"set_{name}")(value)
    keras.config.set_dtype_policy("mixed_bfloat16")
    yield
    seen, seen_policy = present(), keras.config.dtype_policy().name
    for name, value in before.items():
        getattr(keras.config, f"set_{name}")(value)
    keras.config.set_dtype_policy(policy)
    assert (seen, seen_policy) == (OTHERS, "mixed_bfloat16")


def present():
    return {name: getattr(keras.config, name)() for name in OTHERS}


def work(folder):
    """What a run gives, trained, loaded and used."""
    images = vaekit.load_data("digits").train.pixels[:8]
    trained = train(folder, epochs=1)
    run = vaekit.load(folder)
    decoder = vaekit.load_model(folder / "VAE_decoder.keras")
    return (
        trained.history[0]["loss"],
        run.evaluate(limit=16)["loss"],
        run.encode(images).z_mean,
        keras.ops.convert_to_numpy(decoder(np.zeros((1, 2), "float32"))),
    )


@pytest.fixture(scope="module")
def plain_work(tmp_path_factory):
    return work(tmp_path_factory.mktemp("plain") / "run")


def test_the_work_is_what_it_is_without_them(tmp_path, plain_work, other_defaults):
    for there, here in zip(plain_work, work(tmp_path / "run"), strict=True):
        np.testing.assert_array_equal(here, there)


def test_the_conformance_suite_does_not_see_them(other_defaults):
    seen = []
    Check(subject_of("conv5", "encoder"), lambda subject: seen.append(present()))()
    assert seen == [{"image_data_format": "channels_last", "floatx": "float32", "epsilon": 1e-7}]


def test_calls_that_overlap_in_threads_put_them_back_together(other_defaults):
    entered, leave = threading.Event(), threading.Event()

    def call():
        with keras_defaults():
            entered.set()
            leave.wait(30)

    thread = threading.Thread(target=call)
    with keras_defaults():
        thread.start()
        entered.wait(30)
    assert keras.config.image_data_format() == "channels_last"  # the other call still runs
    leave.set()
    thread.join()
    assert keras.config.image_data_format() == "channels_first"


def test_keras_json_is_left_aside_by_the_doctor_too(tmp_path):
    (tmp_path / "keras.json").write_text(json.dumps(OTHERS))
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "from vaekit.doctor.backends import print_training; print_training()",
        ],
        env=environment(KERAS_HOME=str(tmp_path), KERAS_BACKEND=keras.backend.backend()),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert np.isfinite(json.loads(done.stdout.splitlines()[-1])["losses"]).all()


def test_a_keras_json_that_keras_refuses_is_named(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    (home / "keras.json").write_text('{"epsilon": 1}')
    folder = tmp_path / "work"
    folder.mkdir()
    process(folder, *KIT, match=r"epsilon=1.*keras\.json", env={"KERAS_HOME": str(home)})
